//! Column names: checking them, finding the ones a pattern means, and hints for ones mistyped.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;

use super::error::{ColumnProblem, FileProblem, InputError, Place, Role, quote, quote_some};

/// How many names a hint shows at most.
const SHOWN: usize = 3;

/// Checks that every one of the `names` of the file at `path` is there and there once.
pub(super) fn check<S: AsRef<str>>(names: &[S], path: &Path) -> Result<(), InputError> {
    let mut seen = HashMap::with_capacity(names.len());
    for (position, name) in (1..).zip(names.iter().map(AsRef::as_ref)) {
        let problem = if name.is_empty() {
            FileProblem::EmptyName { position }
        } else if let Some(first) = seen.insert(name, position) {
            FileProblem::DuplicateName { name: name.to_owned(), first, second: position }
        } else {
            continue;
        };
        return Err(problem.at(Place::file(path)));
    }
    Ok(())
}

/// The names that `patterns` mean: a column called exactly like a pattern, or else, if it has
/// `*` (any text) or `?` (any character) in it, all that match. Returns one flag for each name,
/// and the positions that were named without a wildcard.
pub(super) fn matching<S: AsRef<str>>(
    patterns: &[String],
    names: &[S],
    role: Role,
) -> Result<(Vec<bool>, HashSet<usize>), ColumnProblem> {
    let positions: HashMap<&str, usize> =
        names.iter().enumerate().map(|(position, name)| (name.as_ref(), position)).collect();
    let mut chosen = vec![false; names.len()];
    let mut exact = HashSet::new();
    for pattern in patterns {
        if let Some(&position) = positions.get(pattern.as_str()) {
            chosen[position] = true;
            exact.insert(position);
            continue;
        }
        let is_glob = pattern.contains(['*', '?']);
        let glob: Vec<char> = pattern.chars().collect();
        let mut found = false;
        for (name, chosen) in names.iter().zip(&mut chosen) {
            if is_glob && glob_matches(&glob, name.as_ref()) {
                *chosen = true;
                found = true;
            }
        }
        if !found {
            let hint = NameHint::new(pattern, names);
            return Err(if is_glob {
                ColumnProblem::NoMatch { role, pattern: pattern.clone(), hint }
            } else {
                ColumnProblem::Unknown { role, name: pattern.clone(), hint }
            });
        }
    }
    Ok((chosen, exact))
}

/// Whether `name` matches `glob`, in which `*` is any text and `?` any character.
fn glob_matches(glob: &[char], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut g, mut n) = (0, 0);
    // Where to go on if the rest fails: just after the last `*`, which then takes one more.
    let mut retry = None;
    while n < name.len() {
        match glob.get(g) {
            Some('*') => {
                g += 1;
                retry = Some((g, n));
            }
            Some(&c) if c == '?' || c == name[n] => {
                g += 1;
                n += 1;
            }
            _ => match retry {
                Some((after, taken)) => {
                    (g, n) = (after, taken + 1);
                    retry = Some((after, taken + 1));
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|&c| c == '*')
}

/// What to tell someone who named a column that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameHint {
    /// The names that are nearly the one given, the closest first.
    Closest(Vec<String>),
    /// No name is close: the first few names, and how many there are.
    Choices {
        /// The first few names.
        first: Vec<String>,
        /// How many names there are.
        total: usize,
    },
}

impl NameHint {
    /// The hint for `name` where the columns are called `names`.
    pub(super) fn new<S: AsRef<str>>(name: &str, names: &[S]) -> Self {
        let wanted: Vec<char> = name.to_lowercase().chars().collect();
        let tolerated = (wanted.len() / 3).max(1);
        let mut close: Vec<(usize, &str)> = names
            .iter()
            .map(AsRef::as_ref)
            .map(|candidate| (distance(&wanted, &candidate.to_lowercase()), candidate))
            .filter(|&(distance, _)| distance <= tolerated && distance < wanted.len())
            .collect();
        if close.is_empty() {
            return Self::choices(names);
        }
        close.sort_by_key(|&(distance, _)| distance);
        Self::Closest(close.into_iter().take(SHOWN).map(|(_, name)| name.to_owned()).collect())
    }

    /// The hint that shows the first of `names`.
    pub(super) fn choices<S: AsRef<str>>(names: &[S]) -> Self {
        let first = names.iter().take(SHOWN).map(|name| name.as_ref().to_owned()).collect();
        Self::Choices { first, total: names.len() }
    }
}

impl fmt::Display for NameHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closest(names) => {
                let names: Vec<String> = names.iter().map(|name| quote(name)).collect();
                write!(f, "did you mean {}?", names.join(" or "))
            }
            Self::Choices { total: 0, .. } => f.write_str("no column of this file has a name"),
            Self::Choices { first, total } => {
                write!(f, "the columns are {}", quote_some(first, *total))
            }
        }
    }
}

/// The Levenshtein distance of `a` and `b`: how many characters to insert, delete or replace.
fn distance(a: &[char], b: &str) -> usize {
    let mut above: Vec<usize> = (0..=a.len()).collect();
    for (row, c) in (1..).zip(b.chars()) {
        let mut diagonal = above[0];
        above[0] = row;
        for (column, &d) in a.iter().enumerate() {
            let replaced = diagonal + usize::from(c != d);
            diagonal = above[column + 1];
            above[column + 1] = replaced.min(diagonal + 1).min(above[column] + 1);
        }
    }
    above[a.len()]
}

#[cfg(test)]
mod tests {
    use super::{NameHint, distance, glob_matches, matching};
    use crate::input::error::Role;

    #[test]
    fn globs() {
        let matches = |glob: &str, name| glob_matches(&glob.chars().collect::<Vec<_>>(), name);
        assert!(matches("x*", "x12"));
        assert!(matches("*_id", "user_id_id"));
        assert!(matches("a?c", "aöc"));
        assert!(matches("*", ""));
        assert!(matches("a*b*c", "a1b2b3c"));
        assert!(!matches("x?", "x"));
        assert!(!matches("a*b", "a1bc"));
    }

    #[test]
    fn exact_names_win_over_wildcards() {
        let names = ["a*", "ab", "ac"];
        let (chosen, _) = matching(&["a*".to_owned()], &names, Role::Include).unwrap();
        assert_eq!(chosen, [true, false, false]);
        let (chosen, exact) = matching(&["a?".to_owned()], &names[1..], Role::Include).unwrap();
        assert_eq!(chosen, [true, true]);
        assert!(exact.is_empty());
    }

    #[test]
    fn hints() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(distance(&chars("kitten"), "sitting"), 3);
        assert_eq!(distance(&chars(""), "abc"), 3);
        let names = ["height", "weight", "age", "city"];
        assert_eq!(NameHint::new("Age", &names).to_string(), "did you mean \"age\"?");
        assert_eq!(NameHint::new("heigth", &names), NameHint::Closest(vec!["height".to_owned()]));
        assert_eq!(
            NameHint::new("zzzz", &names).to_string(),
            "the columns are \"height\", \"weight\", \"age\" and 1 more"
        );
    }
}
