//! Models that cannot be used, and tables that do not fit to a model.

mod common;

use std::sync::OnceLock;

use common::{Data, Folder};
use serde_json::{Value, json};

/// A folder with `data.csv` and the model `out/model.json` fitted to it.
fn fitted() -> Folder {
    static MODEL: OnceLock<String> = OnceLock::new();
    let folder = Folder::with("data.csv", Data::new(20, 4).csv());
    let model = MODEL.get_or_init(|| {
        folder.succeeds("path data.csv --target target --n-lambdas 5 --out fit");
        folder.read("fit/model.json")
    });
    std::fs::create_dir(folder.path().join("out")).unwrap();
    folder.write("out/model.json", model);
    folder
}

fn predict_and_check_refuse(folder: &Folder, model: &str, table: &str, parts: &[&str]) {
    folder.refuses(1, &format!("predict {model} {table}"), parts);
    folder.refuses(1, &format!("predict {model} {table} --out predictions.csv"), parts);
    folder.refuses(1, &format!("check {model} {table}"), parts);
}

/// The model after `edit`.
fn edited(folder: &Folder, edit: impl FnOnce(&mut Value)) {
    let mut model = folder.json("out/model.json");
    edit(&mut model);
    folder.write("edited.json", model.to_string());
}

#[test]
fn a_model_that_does_not_exist_is_named_with_a_remedy() {
    let parts = ["nowhere.json", "no such file", "check its name"];
    predict_and_check_refuse(&fitted(), "nowhere.json", "data.csv", &parts);
}

#[test]
fn a_folder_in_place_of_a_model_is_refused_with_a_remedy() {
    let parts = ["out: ", "folder", "model.json"];
    predict_and_check_refuse(&fitted(), "out", "data.csv", &parts);
}

#[test]
fn a_model_that_is_not_text_is_no_chamfer_model() {
    let folder = fitted();
    folder.write("bytes.json", b"\xff\xfe\x00\x01");
    let parts = ["bytes.json", "not a whole chamfer model"];
    predict_and_check_refuse(&folder, "bytes.json", "data.csv", &parts);
}

#[test]
fn a_model_of_another_version_says_which() {
    let folder = fitted();
    edited(&folder, |model| model["version"] = json!(3));
    let parts = ["edited.json", "version 3", "version 4", "fit it again"];
    predict_and_check_refuse(&folder, "edited.json", "data.csv", &parts);
}

#[test]
fn a_truncated_model_is_refused() {
    let folder = fitted();
    let whole = folder.read("out/model.json");
    for length in [0, 1, whole.len() / 2, whole.trim_end().len() - 1] {
        folder.write("cut.json", &whole.as_bytes()[..length]);
        let parts = ["cut.json", "not a whole chamfer model", "`chamfer path`"];
        predict_and_check_refuse(&folder, "cut.json", "data.csv", &parts);
    }
}

#[test]
fn other_files_in_place_of_a_model_are_refused() {
    let folder = fitted();
    for text in ["a,b\n1,2\n", "{}", "[]", "null", r#"{"schema": "other", "version": 1}"#] {
        folder.write("other.json", text);
        let parts = ["other.json", "not a whole chamfer model"];
        predict_and_check_refuse(&folder, "other.json", "data.csv", &parts);
    }
    predict_and_check_refuse(&folder, "data.csv", "data.csv", &["not a whole chamfer model"]);
}

#[test]
fn a_model_without_fits_or_encoding_is_refused() {
    let folder = fitted();
    edited(&folder, |model| model["path"] = json!([]));
    predict_and_check_refuse(&folder, "edited.json", "data.csv", &["edited.json", "no fit"]);
    edited(&folder, |model| drop(model.as_object_mut().unwrap().remove("encoding")));
    predict_and_check_refuse(&folder, "edited.json", "data.csv", &["edited.json", "encoding"]);
}

#[test]
fn a_coefficient_of_no_column_is_named() {
    let folder = fitted();
    edited(&folder, |model| {
        let coefficients = model["path"][4]["coefficients"].as_object_mut().unwrap();
        let value = coefficients.remove("x1").unwrap();
        coefficients.insert("x9".to_owned(), value);
    });
    let parts = ["edited.json", "\"x9\"", "none of its columns"];
    predict_and_check_refuse(&folder, "edited.json", "data.csv", &parts);
}

#[test]
fn numbers_of_a_model_that_make_no_sense_are_refused() {
    let folder = fitted();
    for (name, value) in
        [("lambda", json!(-1.0)), ("lambda", json!("1")), ("intercept", json!(null))]
    {
        edited(&folder, |model| model["path"][2][name] = value.clone());
        folder.refuses(1, "check edited.json data.csv", &["edited.json"]);
    }
}

#[test]
fn columns_that_a_table_lacks_are_named() {
    let folder = fitted();
    folder.write("less.csv", "x1,x3,target\n1,2,3\n2,1,4\n");
    let parts = ["less.csv", "\"x2\", \"x4\"", "add them"];
    predict_and_check_refuse(&folder, "out/model.json", "less.csv", &parts);
    folder.write("no_target.csv", "x1,x2,x3,x4\n1,2,3,4\n2,1,4,3\n");
    folder.refuses(1, "check out/model.json no_target.csv", &["no_target.csv", "\"target\""]);
    folder.succeeds("predict out/model.json no_target.csv");
}

#[test]
fn columns_of_another_type_are_named() {
    let folder = fitted();
    folder.write("text.csv", "x1,x2,x3,x4,target\n1,2,low,4,5\n2,1,high,3,5\n");
    let parts = ["text.csv", "column \"x3\"", "numbers", "text"];
    predict_and_check_refuse(&folder, "out/model.json", "text.csv", &parts);
    folder.write("data.svm", "1 1:2\n2 1:3\n");
    let parts = ["data.svm", "svmlight", "same kind of file"];
    predict_and_check_refuse(&folder, "out/model.json", "data.svm", &parts);
}

#[test]
fn a_label_that_was_not_seen_in_training_is_named() {
    let folder = Folder::with("data.csv", "city,y\nOslo,1\nRoma,2\nOslo,3\nRoma,5\n");
    folder.succeeds("path data.csv --target y --n-lambdas 3 --out out");
    folder.write("new.csv", "city,y\nOslo,1\nBern,2\n");
    let parts = ["new.csv", "row 2 (line 3)", "column \"city\"", "\"Bern\"", "fit again"];
    predict_and_check_refuse(&folder, "out/model.json", "new.csv", &parts);
}

#[test]
fn a_lambda_that_the_model_lacks_is_refused_with_those_it_has() {
    let folder = fitted();
    let line = "predict out/model.json data.csv --lambda 1000";
    folder.refuses(1, line, &["no lambda 1000", "5 lambdas from"]);
}

#[test]
fn remedies_are_options_that_the_command_has() {
    let folder = fitted();
    let cells = [("NA,1,1,1,1", "x1"), ("1,inf,1,1,1", "x2"), ("1,1,1,1,NA", "target")];
    for (row, column) in cells {
        folder.write("new.csv", format!("x1,x2,x3,x4,target\n{row}\n1,2,3,4,5\n"));
        for command in ["predict", "check"] {
            let run = folder.run(&format!("{command} out/model.json new.csv"));
            if command == "predict" && column == "target" {
                assert_eq!(run.code, Some(0), "predict needs no target");
                continue;
            }
            run.is_refusal(1, &["new.csv", "row 1 (line 2)", column]);
            for option in ["--missing", "--target", "--exclude"] {
                assert!(!run.stderr.contains(option), "{command} has no {option}: {}", run.stderr);
            }
        }
    }
}

#[test]
fn tables_that_nothing_can_be_checked_on_are_named() {
    let folder = fitted();
    for rows in ["1,2,3,4,5\n", "1,2,3,4,5\n2,1,3,4,5\n"] {
        folder.write("new.csv", format!("x1,x2,x3,x4,target\n{rows}"));
        folder.refuses(1, "check out/model.json new.csv", &["new.csv"]);
    }
}
