//! Fitting an encoding to named columns.

use super::*;
use crate::input::{Encoding, Frame, Missing, Note, fit_encoding};

/// Fits to the CSV text `content`, which must go well.
fn fit(content: &str, selection: &Selection) -> (Encoding, Frame, Vec<Note>) {
    fit_encoding(csv_table(content), selection).unwrap()
}

/// The message about fitting to the CSV text `content`.
fn error(content: &str, selection: &Selection) -> String {
    fit_encoding(csv_table(content), selection).unwrap_err().to_string()
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn numbers_and_indicators() {
    let content = "age,city,y,w\n30,Oslo,1,1\n40,Bergen,2,0\n50,Oslo,3,2\n";
    let selection = Selection { weights: Some("w".to_owned()), ..predict("y") };
    let (encoding, frame, notes) = fit(content, &selection);
    assert_eq!(frame.names, ["age", "city=Bergen", "city=Oslo"]);
    assert_eq!(dense(&frame.matrix), [30.0, 40.0, 50.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    assert_eq!(frame.target, Some(vec![1.0, 2.0, 3.0]));
    assert_eq!(frame.weights, Some(vec![1.0, 0.0, 2.0]));
    assert_eq!(frame.rows, [1, 2, 3]);
    assert_eq!(encoding.targets(), ["y"]);
    assert_eq!(encoding.text_columns(), ["city"]);
    assert_eq!(notes.len(), 1);
    assert_says(&notes[0], &["\"city\" (2 labels)"]);
}

#[test]
fn choice_of_predictors() {
    let content = "x1,x2,z,y,w\n1,2,3,4,1\n5,6,7,8,1\n";
    let names = |include: &[&str], exclude: &[&str]| {
        let (include, exclude) = (strings(include), strings(exclude));
        let weights = Some("w".to_owned());
        let selection = Selection { weights, include, exclude, ..predict("y") };
        fit_encoding(csv_table(content), &selection)
            .map_or_else(|error| error.to_string(), |(_, frame, _)| frame.names.join(" "))
    };
    assert_eq!(names(&[], &[]), "x1 x2 z");
    assert_eq!(names(&["z", "x*"], &["x2"]), "x1 z");
    assert_eq!(names(&["*"], &["?1"]), "x2 z");
    assert_says(names(&["y"], &[]), &["\"y\" is named by both --include and --target"]);
    assert_says(names(&["w"], &[]), &["\"w\" is named by both --include and --weights"]);
    assert_says(names(&[], &["x3"]), &["no column \"x3\"", "--exclude", "\"x1\" or \"x2\""]);
    assert_says(names(&["q*"], &[]), &["no column matches \"q*\"", "--include"]);
    assert_says(names(&[], &["*"]), &["no column is left"]);
}

#[test]
fn target_and_weights_are_checked() {
    let content = "a,b,y,w\n1,u,1,1\n2,v,2,-1\n3,u,3,1\n";
    let weighted = |name: &str| Selection { weights: Some(name.to_owned()), ..predict("y") };
    assert_says(error(content, &Selection::default()), &["--target", "\"a\"", "and 1 more"]);
    assert_says(error(content, &predict("Y")), &["no column \"Y\"", "did you mean \"y\""]);
    assert_says(
        error(content, &predict("b")),
        &["column \"b\": the target must be numbers", "text", "multinomial"],
    );
    assert_says(error(content, &weighted("b")), &["column \"b\": --weights needs"]);
    assert_says(error(content, &weighted("y")), &["both --target and --weights"]);
    assert_says(error(content, &weighted("w")), &["row 2 (line 3), column \"w\"", "-1"]);
    assert_says(error("a,y,w\n1,2,0\n2,3,0\n", &weighted("w")), &["all weights are 0"]);
    let missing = "a,y\n1,2\n2,\n3,4\n";
    for treatment in [Missing::Refuse, Missing::Mean] {
        let selection = Selection { missing: treatment, ..predict("y") };
        assert_says(error(missing, &selection), &["row 2 (line 3), column \"y\"", "drop"]);
    }
    let (_, frame, notes) = fit(missing, &Selection { missing: Missing::Drop, ..predict("y") });
    assert_eq!(frame.rows, [1, 3]);
    assert_eq!((frame.rows_read, frame.target), (3, Some(vec![2.0, 4.0])));
    assert_eq!(notes, [Note::Dropped { rows: 1, of: 3 }]);
}

#[test]
fn missing_predictors() {
    let content = "a,b,y\n1,u,1\n,v,2\n5,,3\n3,v,4\n";
    assert_says(
        error(content, &predict("y")),
        &["row 2 (line 3), column \"a\"", "2 in all", "--missing mean"],
    );
    let (_, frame, notes) = fit(content, &Selection { missing: Missing::Mean, ..predict("y") });
    let third = 1.0 / 3.0;
    let share = [1.0, 0.0, third, 0.0, 0.0, 1.0, 2.0 * third, 1.0];
    assert_eq!(dense(&frame.matrix)[..4], [1.0, 3.0, 5.0, 3.0]);
    assert_eq!(dense(&frame.matrix)[4..], share);
    assert_says(&notes[0], &["2 missing values", "\"a\" (1), \"b\" (1)"]);

    let (_, frame, _) = fit(content, &Selection { missing: Missing::Drop, ..predict("y") });
    assert_eq!(frame.rows, [1, 4]);
    let (_, frame, _) = fit(
        "a,b,y\n1,u,1\n,v,2\n5,u,3\n3,w,4\n",
        &Selection { missing: Missing::Drop, ..predict("y") },
    );
    assert_eq!(frame.names, ["a", "b=u", "b=w"], "a label of dropped rows only is not coded");

    let drop = Selection { missing: Missing::Drop, ..predict("y") };
    assert_says(error("a,b,y\n1,,1\n,2,2\n", &drop), &["each of the 2 rows", "--missing mean"]);
    assert_says(error("a,y\n1,1\n,2\n", &drop), &["at least two"]);
    let mean = Selection { missing: Missing::Mean, ..predict("y") };
    assert_says(error("a,b,y\n1,,1\n3,,2\n", &mean), &["column \"b\"", "every value is missing"]);
}

#[test]
fn infinite_values_are_refused_where_used() {
    let content = "a,b,y\n1,2,1\n3,-inf,2\n4,5,3\n";
    assert_says(
        error(content, &predict("y")),
        &["row 2 (line 3), column \"b\": the value is infinite", "--exclude \"b\""],
    );
    let exclude = strings(&["b"]);
    assert_eq!(fit(content, &Selection { exclude, ..predict("y") }).1.names, ["a"]);
    assert_says(error("a,y\n1,inf\n2,1\n", &predict("y")), &["row 1 (line 2), column \"y\""]);
}

#[test]
fn columns_that_say_nothing() {
    let (_, frame, notes) = fit("a,b,y\n1,u,1\n2,u,2\n", &predict("y"));
    assert_eq!(frame.names, ["a"]);
    assert_eq!(notes, [Note::Constant { columns: strings(&["b"]) }]);
    assert_says(error("b,y\nu,1\nu,2\n", &predict("y")), &["no column is left"]);
    assert_says(error("a,y\n1,1\n", &predict("y")), &["at least two"]);

    let ids = |n: usize| {
        let rows: Vec<String> = (0..n).map(|row| format!("id{row},{row}")).collect();
        format!("id,y\n{}\n", rows.join("\n"))
    };
    assert_eq!(fit(&ids(20), &predict("y")).1.names.len(), 20);
    assert_says(error(&ids(21), &predict("y")), &["identifier", "--exclude \"id\""]);
    assert_says(error("a=u,a,y\n1,u,1\n2,v,2\n", &predict("y")), &["\"a=u\" would occur twice"]);
}

#[test]
fn unsupported_columns_matter_only_if_used() {
    let date = || Column { name: "when".into(), data: ColumnData::Unsupported("Date32".into()) };
    let table = || {
        let mut table = csv_table("a,y\n1,2\n3,4\n");
        if let TableData::Columns(columns) = &mut table.data {
            columns.push(date());
        }
        table
    };
    let error = fit_encoding(table(), &predict("y")).unwrap_err();
    assert_says(error, &["column \"when\"", "Date32", "--exclude \"when\""]);
    let selection = Selection { exclude: strings(&["when"]), ..predict("y") };
    assert_eq!(fit_encoding(table(), &selection).unwrap().1.names, ["a"]);
}
