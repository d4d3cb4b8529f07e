//! Applying an encoding to another table.

use super::*;
use crate::input::{Encoding, Frame, Missing, Need, fit_encoding};

const TRAINING: &str = "age,city,y,w\n30,Oslo,1,1\n40,Bergen,2,2\n,Oslo,3,1\n50,,4,1\n";

/// The encoding of [`TRAINING`], once through JSON, and its frame.
fn trained(missing: Missing) -> (Encoding, Frame) {
    let selection = Selection { weights: Some("w".to_owned()), missing, ..predict("y") };
    let (encoding, frame, _) = fit_encoding(csv_table(TRAINING), &selection).unwrap();
    let json = serde_json::to_string(&encoding).unwrap();
    (serde_json::from_str(&json).unwrap(), frame)
}

fn error(encoding: &Encoding, content: &str, need: Need) -> String {
    encoding.apply(csv_table(content), need).unwrap_err().to_string()
}

#[test]
fn round_trip() {
    for missing in [Missing::Mean, Missing::Drop] {
        let (encoding, mut frame) = trained(missing);
        assert_eq!(encoding.apply(csv_table(TRAINING), Need::Everything).unwrap(), frame);
        (frame.target, frame.weights) = (None, None);
        if missing == Missing::Mean {
            assert_eq!(encoding.apply(csv_table(TRAINING), Need::Predictors).unwrap(), frame);
        }
    }
}

#[test]
fn json_is_readable() {
    let (encoding, _) = trained(Missing::Drop);
    let json: serde_json::Value = serde_json::to_value(&encoding).unwrap();
    let expected = serde_json::json!({
        "targets": ["y"],
        "weights": "w",
        "missing": "drop",
        "predictors": {
            "kind": "table",
            "columns": [
                {"kind": "numeric", "name": "age"},
                {"kind": "one_hot", "name": "city", "levels": ["Bergen", "Oslo"]},
            ],
        },
    });
    assert_eq!(json, expected);
}

#[test]
fn order_does_not_matter_and_one_row_is_enough() {
    let (encoding, _) = trained(Missing::Mean);
    let frame = encoding.apply(csv_table("city,extra,age\nOslo,?,\n"), Need::Predictors).unwrap();
    assert_eq!(frame.names, ["age", "city=Bergen", "city=Oslo"]);
    assert_eq!(dense(&frame.matrix), [40.0, 0.0, 1.0]);
    assert_eq!((frame.target, frame.weights), (None, None));
}

#[test]
fn rows_are_dropped_by_predictors_alone_if_only_they_are_needed() {
    let (encoding, _) = trained(Missing::Drop);
    let content = "age,city,y,w\n1,Oslo,,\n,Oslo,1,1\n2,Bergen,1,1\n";
    let frame = encoding.apply(csv_table(content), Need::Predictors).unwrap();
    assert_eq!((frame.rows, frame.rows_read), (vec![1, 3], 3));
    let frame = encoding.apply(csv_table(content), Need::Everything).unwrap();
    assert_eq!((frame.rows, frame.target), (vec![3], Some(vec![1.0])));
    assert_says(error(&encoding, "age,city\n,Oslo\n", Need::Predictors), &["each of the 1 rows"]);
}

#[test]
fn tables_that_do_not_fit() {
    let (encoding, _) = trained(Missing::Mean);
    let error = |content, need| error(&encoding, content, need);
    assert_says(
        error("a\n1\n", Need::Everything),
        &["not in this file: \"age\", \"city\", \"y\", \"w\"; add"],
    );
    assert_says(
        error("age,city\n1,Oslo\n2,Pisa\n", Need::Predictors),
        &["row 2 (line 3), column \"city\"", "without the label \"Pisa\""],
    );
    assert_says(
        error("age,city\nold,Oslo\n", Need::Predictors),
        &["column \"age\": the model was fitted with numbers", "here it has text"],
    );
    assert_says(error("age,city\n1,2\n", Need::Predictors), &["column \"city\"", "with text"]);
    assert_says(error("age,city\ninf,Oslo\n", Need::Predictors), &["row 1 (line 2)", "infinite"]);
    let apply = encoding.apply(svm_table("1 1:2\n"), Need::Predictors);
    assert_says(apply.unwrap_err(), &["a table with named columns", "an svmlight file"]);
}

#[test]
fn many_lacking_columns_are_counted() {
    let header: Vec<String> = (0..8).map(|j| format!("c{j}")).collect();
    let content = format!("{},y\n1,1,1,1,1,1,1,1,1\n2,2,2,2,2,2,2,2,2\n", header.join(","));
    let (encoding, ..) = fit_encoding(csv_table(&content), &predict("y")).unwrap();
    let message = error(&encoding, "a\n1\n", Need::Predictors);
    assert_says(message, &["\"c0\", \"c1\", \"c2\", \"c3\", \"c4\" and 3 more"]);
    let message = error(&encoding, "c0,c1,c2,c3,c4,c5,c6,c7\n1,1,1,1,1,1,1,\n", Need::Predictors);
    assert_says(message, &["row 1 (line 2), column \"c7\": the value is missing"]);
}

#[test]
fn labels_that_look_like_numbers_are_read_again_as_labels() {
    let options = ReadOptions { categorical: vec!["zip".to_owned()], ..ReadOptions::default() };
    let table = read_as("data.csv", "zip,y\n01,1\n02,2\n01,3\n", &options).unwrap();
    let (encoding, ..) = fit_encoding(table, &predict("y")).unwrap();
    let categorical_if_present = encoding.text_columns();
    let options = ReadOptions { categorical_if_present, ..ReadOptions::default() };
    let table = read_as("data.csv", "zip\n02\n", &options).unwrap();
    let frame = encoding.apply(table, Need::Predictors).unwrap();
    assert_eq!(dense(&frame.matrix), [0.0, 1.0]);
}

#[test]
fn edited_encodings_do_no_harm() {
    let (encoding, _) = trained(Missing::Mean);
    let json = serde_json::to_string(&encoding).unwrap();
    assert!(json.contains("\"mean\":40.0"));
    let edited: Encoding = serde_json::from_str(&json.replace("\"mean\":40.0", "\"x\":1")).unwrap();
    assert_says(error(&edited, "age,city\n,Oslo\n", Need::Predictors), &["incomplete"]);
    let doubled: Encoding = serde_json::from_str(&json.replace("\"city\"", "\"age\"")).unwrap();
    assert_says(error(&doubled, "age,city\n1,Oslo\n", Need::Predictors), &["\"age\""]);
}
