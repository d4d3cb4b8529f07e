//! glm
