//! Patterns of parameter paths.

/// Whether `path` has the form of `pattern`, in which `*` stands for any run of characters, dots
/// included.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == path };
    let Some(mut left) = path.strip_prefix(head) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let tail = pieces.pop().unwrap_or_default();
    // The earliest place for each piece leaves the most to those after it.
    for piece in pieces {
        let Some(at) = left.find(piece) else { return false };
        left = &left[at + piece.len()..];
    }
    left.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_anything() {
        assert!(matches("fc.weight", "fc.weight"));
        assert!(!matches("fc.weight", "fc.weight2"));
        assert!(matches("*.weight", "block.0.fc.weight"));
        assert!(matches("block.*.fc*.weight", "block.0.fc1.weight"));
        assert!(!matches("block.*.fc*.weight", "block.0.conv.weight"));
        assert!(matches("*", ""));
        assert!(!matches("a*a", "a"));
        assert!(matches("a*b*b", "abb"));
        assert!(!matches("a*b*b", "ab"));
    }
}
