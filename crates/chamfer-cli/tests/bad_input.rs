//! Data and command lines that cannot be used: one message that says where, what, and what to do.

mod common;

use std::io::Write;

use common::{Data, Folder, numbers};
use flate2::Compression;
use flate2::write::GzEncoder;

const GOOD: &str = "a,b,y\n1,2,3\n2,1,5\n4,0,1\n3,3,9\n5,1,2\n";

/// Contents of a CSV file, further arguments, and what the message must have.
type Case = (&'static str, &'static str, &'static [&'static str]);

fn refuse_all(cases: &[Case]) {
    for (csv, args, parts) in cases {
        let folder = Folder::with("data.csv", csv);
        let parts = [*parts, &["data.csv"]].concat();
        folder.refuses(1, &format!("path data.csv --target y --out out {args}"), &parts);
        folder.refuses(1, &format!("fit data.csv --target y --lambda 0.1 --json {args}"), &parts);
    }
}

#[test]
fn a_file_that_does_not_exist_is_named() {
    let folder = Folder::new();
    let parts = ["nowhere/data.csv", "no such file", "check its name"];
    folder.refuses(1, "path nowhere/data.csv --target y --out out", &parts);
    folder.refuses(1, "fit . --target y --lambda 1", &["folder", "name a file"]);
}

#[test]
fn a_file_of_unknown_format_is_refused() {
    let folder = Folder::with("data.xlsx", GOOD);
    folder.refuses(1, "path data.xlsx --target y --out out", &["data.xlsx", "--format"]);
}

#[test]
fn columns_that_do_not_exist_are_named_with_the_closest_one() {
    let csv = "height,weight,age\n1,2,3\n2,1,5\n4,0,1\n";
    let cases = [
        ("--target heigth", "\"heigth\"", "--target", "did you mean \"height\"?"),
        ("--target Age", "\"Age\"", "--target", "did you mean \"age\"?"),
        ("--target age --weights weigths", "\"weigths\"", "--weights", "\"weight\""),
        ("--target age --include heigh", "\"heigh\"", "--include", "\"height\""),
        ("--target age --exclude q*", "\"q*\"", "--exclude", "the columns are \"height\""),
        ("--target age --categorical city", "\"city\"", "--categorical", "the columns are"),
    ];
    for (args, name, option, hint) in cases {
        let folder = Folder::with("data.csv", csv);
        let parts = ["data.csv", name, option, hint];
        folder.refuses(1, &format!("path data.csv --out out {args}"), &parts);
    }
    let folder = Folder::with("data.csv", csv);
    folder.refuses(1, "path data.csv --out out", &["--target", "the columns are \"height\""]);
}

#[test]
fn tables_without_enough_rows_are_refused() {
    refuse_all(&[
        ("", "", &["empty", "at least one row"]),
        ("a,b,y\n", "", &["no rows of data", "add"]),
        ("a,b,y\n1,2,3\n", "", &["only one row", "at least two"]),
        ("a,b,y\n1,2,3\n2,NA,3\n", "--missing drop", &["only one row", "at least two"]),
    ]);
}

#[test]
fn rows_of_another_length_are_named() {
    refuse_all(&[
        ("a,b,y\n1,2,3\n\n4,5\n7,8,9\n", "", &["row 2 (line 4)", "2 fields", "3", "delimiter"]),
        ("a,b,y\n1,2,3\n4,5,6,7\n", "", &["row 2 (line 3)", "4 fields", "3", "delimiter"]),
        ("a,b,y\n1,\"2,3\n4,5,6\n", "", &["line 2", "quotation mark", "close it"]),
    ]);
}

#[test]
fn headers_that_do_not_name_every_column_once_are_refused() {
    refuse_all(&[
        ("a,a,y\n1,2,3\n4,5,6\n", "", &["columns 1 and 2", "\"a\"", "of its own"]),
        ("a,,y\n1,2,3\n4,5,6\n", "", &["column 2 has no name", "of its own"]),
        ("a;b;y\n1;2;3\n4;5;6\n", "", &["line 1", "\";\"", "--delimiter"]),
    ]);
}

#[test]
fn text_among_numbers_is_named() {
    refuse_all(&[
        (
            "a,b,y\n1,2,3\n2,oops,5\n4,0,1\n",
            "",
            &["row 2 (line 3)", "column \"b\"", "\"oops\"", "--categorical"],
        ),
        ("a,b,y\n1,2,3\n2,3,high\n4,0,1\n", "", &["row 2 (line 3)", "column \"y\"", "\"high\""]),
        ("a,y\n1,low\n2,high\n4,low\n", "", &["column \"y\"", "--target", "numbers", "text"]),
    ]);
}

#[test]
fn missing_values_are_refused_with_column_and_row() {
    for cell in ["NaN", "nan", "NA", "", "?"] {
        let folder = Folder::with("data.csv", format!("a,b,y\n1,2,3\n2,1,5\n4,{cell},1\n3,3,9\n"));
        let parts = ["data.csv", "row 3 (line 4)", "column \"b\"", "--missing mean", "drop"];
        folder.refuses(1, "path data.csv --target y --out out", &parts);
        let parts = ["row 3 (line 4)", "column \"b\"", "--target", "--missing drop"];
        folder.refuses(1, "path data.csv --target b --out out --missing mean", &parts);
    }
    refuse_all(&[
        ("a,b,y\n1,,3\n2,,5\n4,,1\n", "--missing mean", &["\"b\"", "every value", "--exclude"]),
        ("a,b,y\n1,,3\n,1,5\n4,,1\n", "--missing drop", &["3 rows", "leaves none"]),
    ]);
}

#[test]
fn missing_values_are_replaced_or_left_out_on_request() {
    let folder = Folder::with("data.csv", "a,b,y\n1,2,3\n2,1,5\n4,NaN,1\n3,3,9\n");
    folder.write("mean.csv", "a,b,y\n1,2,3\n2,1,5\n4,2,1\n3,3,9\n");
    folder.write("drop.csv", "a,b,y\n1,2,3\n2,1,5\n3,3,9\n");
    let cases =
        [("mean", "replaced by the mean of their column: \"b\" (1)"), ("drop", "1 of 4 rows")];
    for (how, note) in cases {
        let fit = |file: &str, args: &str| {
            folder.succeeds(&format!("fit {file} --target y --lambda 0.1 --json {args}"))
        };
        let run = fit("data.csv", &format!("--missing {how}"));
        assert_eq!(run.stderr.matches(note).count(), 1, "{}", run.stderr);
        let by_hand = fit(&format!("{how}.csv"), "");
        assert_eq!(
            numbers(&run.json()["path"], "objective"),
            numbers(&by_hand.json()["path"], "objective")
        );
        assert_eq!(
            run.json()["path"][0]["coefficients"],
            by_hand.json()["path"][0]["coefficients"]
        );
    }
}

#[test]
fn infinite_values_are_named() {
    refuse_all(&[
        (
            "a,b,y\n1,2,3\n2,inf,5\n4,0,1\n",
            "",
            &["row 2 (line 3)", "column \"b\"", "infinite", "--exclude"],
        ),
        ("a,b,y\n1,2,3\n2,1,-inf\n4,0,1\n", "", &["row 2 (line 3)", "column \"y\"", "infinite"]),
        ("a,b,y\n1,2,3\n2,1e999,5\n4,0,1\n", "", &["row 2 (line 3)", "column \"b\"", "infinite"]),
    ]);
}

#[test]
fn a_constant_column_is_said_once_and_gets_no_coefficient() {
    let csv = Data::new(20, 3).with("flat", |_, _| 7.0).csv();
    let folder = Folder::with("data.csv", csv);
    let run = folder.succeeds("path data.csv --target target --out out");
    assert_eq!(run.stderr.matches("\"flat\"").count(), 1, "{}", run.stderr);
    assert_eq!(run.stderr.matches("warning").count(), 1, "{}", run.stderr);
    let model = folder.json("out/model.json");
    let fits = model["path"].as_array().unwrap();
    assert!(fits.iter().all(|fit| fit["coefficients"].get("flat").is_none()));
}

#[test]
fn equal_columns_are_said_once_and_the_fit_is_certified() {
    let csv = Data::new(20, 3).with("again", |_, row| row[0]).csv();
    let folder = Folder::with("data.csv", csv);
    let run = folder.succeeds("path data.csv --target target --out out");
    assert_eq!(run.stderr.matches("\"again\" = \"x1\"").count(), 1, "{}", run.stderr);
    assert_eq!(run.stderr.matches("warning").count(), 1, "{}", run.stderr);
    folder.succeeds("check out/model.json data.csv");
}

#[test]
fn a_constant_target_is_refused() {
    let folder = Folder::with("data.csv", "a,b,y\n1,2,3\n2,1,3\n4,0,3\n");
    for args in ["path data.csv --target y --out out", "fit data.csv --target y --lambda 1"] {
        folder.refuses(1, args, &["data.csv", "\"y\" is 3 in every row", "--target"]);
    }
    let weighted = Folder::with("data.csv", "a,b,y,w\n1,2,3,1\n2,1,3,1\n4,0,9,0\n");
    weighted.refuses(1, "path data.csv --target y --weights w --out out", &["\"y\" is 3"]);
}

#[test]
fn weights_that_are_none_are_refused() {
    refuse_all(&[
        (
            "a,y,w\n1,3,1\n2,5,-1\n4,1,1\n",
            "--weights w",
            &["row 2 (line 3)", "\"w\"", "-1", "0 or more"],
        ),
        ("a,y,w\n1,3,0\n2,5,0\n4,1,0\n", "--weights w", &["\"w\"", "all weights are 0", "above 0"]),
        ("a,y,w\n1,3,1\n2,5,inf\n4,1,1\n", "--weights w", &["row 2 (line 3)", "\"w\"", "infinite"]),
        ("a,y,w\n1,3,x\n2,5,z\n4,1,x\n", "--weights w", &["\"w\"", "--weights", "numbers"]),
        ("a,b,y\n1,3,1\n2,5,4\n4,1,1\n", "--weights y", &["\"y\"", "--target and --weights"]),
    ]);
}

#[test]
fn numbers_out_of_range_are_refused_before_anything_is_read() {
    let lambda = "finite number above 0";
    let tolerance = "between 0 and 1";
    let cases = [
        ("fit no.csv -t y --lambda 0", lambda),
        ("fit no.csv -t y --lambda -1", lambda),
        ("fit no.csv -t y --lambda nan", lambda),
        ("fit no.csv -t y --lambda inf", lambda),
        ("fit no.csv -t y --lambda much", "not a number"),
        ("path no.csv -t y --lambdas 1,0", lambda),
        ("path no.csv -t y --lambdas -1", lambda),
        ("path no.csv -t y --lambdas 1,NaN", lambda),
        ("path no.csv -t y --lambdas 1,,2", "not a number"),
        ("path no.csv -t y --lambdas one", "not a number"),
        ("path no.csv -t y --n-lambdas 0", "1..="),
        ("path no.csv -t y --lambda-min-ratio 1", tolerance),
        ("path no.csv -t y --lambda-min-ratio -1", tolerance),
        ("path no.csv -t y --tol 0", tolerance),
        ("path no.csv -t y --tol 2", tolerance),
        ("path no.csv -t y --tol nan", tolerance),
        ("path no.csv -t y --tol tiny", tolerance),
        ("path no.csv -t y --threads 0", "1..="),
        ("path no.csv -t y --delimiter ;;", "one ASCII character"),
        ("path no.csv -t y --missing guess", "refuse, mean or drop"),
    ];
    for (line, part) in cases {
        Folder::new().refuses(2, &format!("{line} --out out"), &[part]);
    }
}

#[test]
fn a_negative_tolerance_is_refused_as_one() {
    let line = "path no.csv -t y --tol -1 --out out";
    Folder::new().refuses(2, line, &["the tolerance must be a number between 0 and 1"]);
}

#[test]
fn svmlight_lines_that_are_malformed_are_named() {
    let cases: [(&str, &[&str]); 6] = [
        ("1 1:2 3:4\n2 3:1 2:5\n", &["line 2", "index 2 comes after 3", "must increase"]),
        ("1 1:2 3:4\n2 3:1 3:5\n", &["line 2", "index 3 comes after 3", "must increase"]),
        ("1 1:2\n2 0:1\n", &["line 2", "index 0", "start at 1"]),
        ("1 1:2\n2 1:two\n", &["line 2", "\"1:two\"", "index:value"]),
        ("1 1:2\nyes 1:3\n", &["line 2", "\"yes\"", "a number"]),
        ("# nothing\n", &["no data", "index:value"]),
    ];
    for (text, parts) in cases {
        let folder = Folder::with("data.svm", text);
        folder.refuses(1, "path data.svm --out out", &[parts, &["data.svm"]].concat());
    }
    let folder = Folder::with("data.svm", "1 1:2\n2 1:3\n4 1:1\n");
    folder.refuses(1, "path data.svm --target y --out out", &["\"y\"", "leave --target out"]);
    folder.refuses(1, "path data.svm --weights w --out out", &["leave --weights out"]);
}

#[test]
fn a_truncated_gzip_is_refused() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(Data::new(200, 5).csv().as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    for length in [whole.len() / 2, whole.len() - 4, 12] {
        let folder = Folder::with("data.csv.gz", &whole[..length]);
        let parts = ["data.csv.gz", "damaged or cut short", "again"];
        folder.refuses(1, "path data.csv.gz --target target --out out", &parts);
    }
}

#[test]
fn a_truncated_parquet_file_is_refused() {
    let whole = std::fs::read(common::repository("data/leukemia.parquet")).unwrap();
    for length in [whole.len() - 1, whole.len() / 2, 10, 0] {
        let folder = Folder::with("data.parquet", &whole[..length]);
        folder.refuses(1, "path data.parquet --target aml --out out", &["data.parquet"]);
    }
    let folder = Folder::with("data.parquet", GOOD);
    let parts = ["cannot be read as parquet", "--format"];
    folder.refuses(1, "path data.parquet --target y --out out", &parts);
}

#[test]
fn values_beyond_double_precision_are_refused_with_their_column() {
    let parts = ["\"b\"", "too large", "rescale"];
    let folder = Folder::with("data.csv", "a,b,y\n1,1e200,3\n2,-1e200,5\n4,0,1\n");
    folder.refuses(1, "path data.csv --target y --out out", &parts);
    let parts = ["\"y\"", "too large", "rescale"];
    let folder = Folder::with("data.csv", "a,b,y\n1,1,1e200\n2,-1,5\n4,0,1\n");
    folder.refuses(1, "path data.csv --target y --out out", &parts);
}

#[test]
fn a_refusal_leaves_an_existing_output_folder_as_it_was() {
    let folder = Folder::with("good.csv", GOOD);
    folder.write("bad.csv", "a,b,y\n1,2,3\n2,oops,5\n");
    folder.succeeds("path good.csv --target y --out out");
    folder.refuses(1, "path bad.csv --target y --out out", &["\"oops\""]);
}

#[test]
fn a_refusal_removes_all_folders_that_it_made() {
    let folder = Folder::with("bad.csv", "a,b,y\n1,2,3\n2,oops,5\n");
    folder.refuses(1, "path bad.csv --target y --out some/deep/out", &["\"oops\""]);
}
