//! Tests of the crate from outside, in one program: Burn is linked only once.

mod attach;
mod bad_rules;
mod common;
mod compact;
mod compact_attention;
mod factors;
mod files;
mod guards;
mod models;
mod onnx;
mod train;
mod training;
mod written;
