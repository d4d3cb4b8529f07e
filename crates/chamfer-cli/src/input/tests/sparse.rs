//! svmlight files, read and coded.

use super::*;
use crate::input::sparse::SparseMatrix;
use crate::input::{Encoding, Frame, Missing, Need, Note, fit_encoding};

const TRAINING: &str = "# names\n1 1:0.5 3:2 # first\n\n-1 qid:4 2:1e1 3:0\n+2.5\n0 5:-1 \r\n";

fn sparse(matrix: &Matrix) -> &SparseMatrix {
    match matrix {
        Matrix::Sparse(matrix) => matrix,
        other => panic!("{other:?} is not sparse"),
    }
}

fn fit(content: &str, selection: &Selection) -> (Encoding, Frame, Vec<Note>) {
    let (encoding, frame, notes) = fit_encoding(svm_table(content), selection).unwrap();
    let json = serde_json::to_string(&encoding).unwrap();
    let encoding: Encoding = serde_json::from_str(&json).unwrap();
    assert_eq!(encoding.apply(svm_table(content), Need::Everything).unwrap(), frame);
    (encoding, frame, notes)
}

#[test]
fn lines_become_columns() {
    let table = svm_table(TRAINING);
    assert_eq!(table.source.row(1).line, Some(4));
    let (encoding, frame, notes) = fit(TRAINING, &Selection::default());
    let expected = SparseMatrix {
        n_rows: 4,
        n_cols: 5,
        column_starts: vec![0, 1, 2, 3, 3, 4],
        row_indices: vec![0, 1, 0, 3],
        values: vec![0.5, 10.0, 2.0, -1.0],
    };
    assert_eq!(sparse(&frame.matrix), &expected);
    assert_eq!(frame.names, ["x1", "x2", "x3", "x4", "x5"]);
    assert_eq!(frame.target, Some(vec![1.0, -1.0, 2.5, 0.0]));
    assert_eq!((encoding.targets(), notes), (["target".to_owned()].as_slice(), vec![]));
}

#[test]
fn columns_are_chosen_by_their_index() {
    let include = vec!["x?".to_owned()];
    let exclude = vec!["x2".to_owned(), "x5".to_owned()];
    let selection = Selection { include, exclude, ..predict("target") };
    let (_, frame, _) = fit(TRAINING, &selection);
    assert_eq!(frame.names, ["x1", "x3", "x4"]);
    assert_eq!(sparse(&frame.matrix).values, [0.5, 2.0]);
    let error = |selection| fit_encoding(svm_table(TRAINING), &selection).unwrap_err();
    let exclude = vec!["x6".to_owned()];
    assert_says(error(Selection { exclude, ..Selection::default() }), &["no column \"x6\""]);
    assert_says(error(predict("y")), &["\"y\"", "the label each line starts with"]);
    let weights = Some("w".to_owned());
    assert_says(error(Selection { weights, ..Selection::default() }), &["--weights"]);
    let error = fit_encoding(svm_table("1\n2\n"), &Selection::default()).unwrap_err();
    assert_says(error, &["no column is left"]);
}

#[test]
fn missing_values() {
    let content = "1 1:2 2:nan\n2 1:4\n3 2:3\nnan 1:1\n";
    let error = |content, missing| {
        let selection = Selection { missing, ..Selection::default() };
        fit_encoding(svm_table(content), &selection).unwrap_err()
    };
    assert_says(error(content, Missing::Mean), &["row 4 (line 4), column \"target\""]);
    let (_, frame, notes) =
        fit(content, &Selection { missing: Missing::Drop, ..Selection::default() });
    assert_eq!(frame.rows, [2, 3]);
    assert_eq!(sparse(&frame.matrix).row_indices, [0, 1]);
    assert_eq!(notes, [Note::Dropped { rows: 2, of: 4 }]);

    let content = "1 1:2 2:nan\n2 1:4\n3 2:3\n";
    assert_says(error(content, Missing::Refuse), &["row 1 (line 1), column \"x2\"", "missing"]);
    let (_, frame, _) = fit(content, &Selection { missing: Missing::Mean, ..Selection::default() });
    assert_eq!(sparse(&frame.matrix).values, [2.0, 4.0, 1.5, 3.0], "zeros count for the mean");
    assert_says(error("1 1:1\n2 1:inf\n", Missing::Mean), &["row 2 (line 2), column \"x1\""]);
}

#[test]
fn narrower_and_wider_files() {
    let (encoding, ..) = fit("1 1:1 3:1\n2 2:1\n", &Selection::default());
    let frame = encoding.apply(svm_table("0 1:7\n0\n"), Need::Predictors).unwrap();
    assert_eq!(sparse(&frame.matrix).column_starts, [0, 1, 1, 1]);
    assert_eq!((frame.names.len(), frame.target), (3, None));
    let frame = encoding.apply(svm_table("0 1:7 9:0\n"), Need::Predictors).unwrap();
    assert_eq!(frame.matrix.n_cols(), 3);
    let error = encoding.apply(svm_table("0 1:7\n0 5:1 6:1\n"), Need::Predictors).unwrap_err();
    assert_says(error, &["row 2 (line 2), column \"x5\"", "beyond x3"]);
    let error = encoding.apply(csv_table("x1\n1\n"), Need::Predictors).unwrap_err();
    assert_says(error, &["an svmlight file", "a table with named columns"]);
}

#[test]
fn lines_are_checked() {
    let error = |content: &str| read_as("t.svm", content, &ReadOptions::default()).unwrap_err();
    assert_says(error("1 1:2\nx 1:1\n"), &[", line 2: the line starts with \"x\""]);
    assert_says(error("1 0:2\n"), &[", line 1: the index 0", "start at 1"]);
    assert_says(error("1 2:2 2:1\n"), &["index 2 comes after 2"]);
    assert_says(error("1 a:2\n"), &["\"a:2\" is not of the form index:value"]);
    assert_says(error("1 3\n"), &["\"3\" is not of the form"]);
    assert_says(error("1 99999999999:1\n"), &["index 99999999999 is above 16777216"]);
    assert_says(error("# only a comment\n"), &["no data"]);
    let options = ReadOptions { categorical: vec!["x1".to_owned()], ..ReadOptions::default() };
    assert_says(
        read_as("t.svm", "1 1:1\n", &options).unwrap_err(),
        &["--categorical", "no column of this"],
    );
}
