//! From data to a model, to predictions and to a certificate.

mod common;

use std::collections::BTreeSet;

use common::{Data, Folder, assert_close, coefficients, csv_numbers, numbers, repository};
use serde_json::{Value, json};

fn fits(model: &Value) -> &Vec<Value> {
    model["path"].as_array().unwrap()
}

fn value(fit: &Value, name: &str) -> f64 {
    fit[name].as_f64().unwrap()
}

/// The first λ of a path, the least that gives all zeros.
fn lambda_max(csv: &str, args: &str) -> f64 {
    let folder = Folder::with("data.csv", csv);
    let run = folder.succeeds(&format!("path data.csv --target y --n-lambdas 3 --json {args}"));
    value(&run.json()["path"][0], "lambda")
}

#[test]
fn a_path_leaves_four_whole_files() {
    let folder = Folder::with("data.csv", Data::new(30, 5).csv());
    let run = folder.succeeds("path data.csv --target target --n-lambdas 20 --out out");
    assert_eq!(run.stderr, "");
    for file in ["model.json", "path.csv", "path.svg", "path.png"] {
        assert!(run.stdout.contains(&format!("out/{file}")), "{}", run.stdout);
    }
    assert_eq!(folder.names().len(), 6, "{:?}", folder.names());

    let model = folder.json("out/model.json");
    assert_eq!(model["schema"], "chamfer-model");
    assert_eq!(model["version"], 4);
    assert_eq!(model["data"], json!({"file": "data.csv", "rows": 30, "columns": 5}));
    assert_eq!(model["interrupted"], false);
    // A convex penalty has no smallest eigenvalue.
    let table = folder.read("out/path.csv").replace(",,true,", ",0,1,");
    let (header, rows) = csv_numbers(&table);
    assert_eq!((fits(&model).len(), rows.len()), (20, 20));
    let others = ["converged", "smallest_eigenvalue"];
    let of_model = |(_, name): &(usize, &String)| !others.contains(&name.as_str());
    for (column, name) in header.iter().enumerate().filter(of_model) {
        let values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
        assert_eq!(values, numbers(&model["path"], name), "{name}");
    }
    assert!(rows.windows(2).all(|pair| pair[1][0] < pair[0][0]));
    let svg = folder.read("out/path.svg");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    let png = folder.bytes("out/path.png");
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert!(png.windows(4).any(|bytes| bytes == b"IEND"));
}

#[test]
fn one_fit_leaves_no_picture() {
    let folder = Folder::with("data.csv", Data::new(30, 5).csv());
    folder.succeeds("fit data.csv --target target --lambda 0.1 --out some/deep/out");
    let names: Vec<String> =
        folder.names().iter().map(|name| name.to_str().unwrap().replace('\\', "/")).collect();
    let files = ["some/deep/out/model.json", "some/deep/out/path.csv"];
    assert_eq!(names, [&["data.csv", "some", "some/deep", "some/deep/out"][..], &files].concat());
}

#[test]
fn nothing_is_written_without_out() {
    let folder = Folder::with("data.csv", Data::new(30, 5).csv());
    folder.succeeds("path data.csv --target target");
    assert_eq!(folder.names().len(), 1);
}

#[test]
fn json_on_the_terminal_has_the_numbers_of_the_model() {
    let folder = Folder::with("data.csv", Data::new(30, 5).csv());
    let args = "path data.csv --target target --n-lambdas 7 --json --out out";
    let printed = folder.succeeds(args).json();
    let model = folder.json("out/model.json");
    for name in ["path", "data", "objective", "tolerance", "interrupted"] {
        assert_eq!(printed[name], model[name], "{name}");
    }
    assert_eq!(printed["targets"], json!(["target"]));
    assert_eq!(printed["missed_tolerance"], 0);
    let checked = folder.succeeds("check out/model.json data.csv --json").json();
    assert_eq!(checked["missed_tolerance"], 0);
    let pairs = fits(&checked).iter().zip(fits(&model));
    for (a, b) in pairs {
        assert_eq!(a["coefficients"], b["coefficients"]);
        assert_close(value(a, "objective"), value(b, "objective"), 1e-12);
    }
}

#[test]
fn check_certifies_the_training_data_alone() {
    let folder = Folder::with("data.csv", Data::new(30, 5).csv());
    folder.write("other.csv", Data::new(29, 5).csv());
    folder.succeeds("path data.csv --target target --n-lambdas 10 --out out");
    let run = folder.succeeds("check out/model.json data.csv");
    assert!(run.stderr.contains("certified: 10 fits"), "{}", run.stderr);
    let run = folder.run("check out/model.json other.csv").ends_with_code(3);
    assert!(run.stderr.contains("not certified: 10 of 10"), "{}", run.stderr);
    assert_eq!(run.stdout.lines().filter(|line| line.ends_with(" *")).count(), 10);

    let mut model = folder.json("out/model.json");
    let coefficient = &mut model["path"][1]["coefficients"]["x1"];
    *coefficient = json!(coefficient.as_f64().unwrap() * 1.01);
    folder.write("edited.json", model.to_string());
    let run = folder.run("check edited.json data.csv").ends_with_code(3);
    assert!(run.stderr.contains("not certified: 1 of 10"), "{}", run.stderr);
    let run = folder.run("check edited.json data.csv --json").ends_with_code(3);
    assert_eq!(run.json()["missed_tolerance"], 1);
    folder.succeeds("check edited.json data.csv --tol 0.5");
}

#[test]
fn predictions_are_intercept_plus_coefficients_times_values() {
    let data = Data::new(25, 5);
    let folder = Folder::with("data.csv", data.csv());
    folder.succeeds("path data.csv --target target --n-lambdas 6 --out out");
    let model = folder.json("out/model.json");
    let (header, all) = folder.succeeds("predict out/model.json data.csv").csv();
    let lambdas = numbers(&model["path"], "lambda");
    let expected = lambdas.iter().map(|lambda| format!("lambda={lambda}"));
    assert!(header.into_iter().eq(["row".to_owned()].into_iter().chain(expected)));
    let predict = |fit: &Value, row: &[f64]| {
        let coefficients = coefficients(fit).into_iter();
        let value = |name: String| row[data.names.iter().position(|n| *n == name).unwrap()];
        let effects = coefficients.map(|(name, beta)| beta * value(name));
        fit["intercept"].as_f64().unwrap() + effects.sum::<f64>()
    };
    assert_eq!(all.len(), 25);
    for (i, (found, row)) in all.iter().zip(&data.rows).enumerate() {
        assert_eq!(found[0], (i + 1) as f64);
        let pairs = fits(&model).iter().zip(&found[1..]);
        pairs.for_each(|(fit, &found)| assert_close(found, predict(fit, row), 1e-12));
    }
    let line = format!("predict out/model.json data.csv --lambda {}", lambdas[3]);
    let (header, one) = folder.succeeds(&line).csv();
    assert_eq!(header, ["row", "prediction"]);
    assert!(one.iter().zip(&all).all(|(one, all)| one[1] == all[4]));

    let run = folder.succeeds(&format!("{line} --out predictions.csv"));
    assert_eq!(run.stdout, "");
    assert_eq!(csv_numbers(&folder.read("predictions.csv")), (header, one));
}

#[test]
fn predict_keeps_the_numbers_of_rows_that_are_left() {
    let folder = Folder::with("data.csv", "a,b,y\n1,2,3\n2,1,5\nNA,3,1\n3,3,9\n1,5,2\n");
    folder.succeeds("fit data.csv --target y --lambda 0.1 --missing drop --out out");
    folder.write("new.csv", "b,a\n2,1\n,2\n3,3\n1,\n4,4\n");
    let run = folder.succeeds("predict out/model.json new.csv");
    let rows: Vec<f64> = run.csv().1.iter().map(|row| row[0]).collect();
    assert_eq!(rows, [1.0, 3.0, 5.0]);
    assert_eq!(run.stderr.matches("2 rows with missing values left out").count(), 1);
}

#[test]
fn predict_replaces_missing_values_by_the_training_means() {
    let folder = Folder::with("data.csv", "a,b,y\n1,2,3\n2,1,5\nNA,3,1\n3,3,9\n1,5,2\n");
    folder.succeeds("fit data.csv --target y --lambda 0.1 --missing mean --out out");
    folder.write("new.csv", "a,b\n,2\n7,2\n");
    folder.write("full.csv", "a,b\n1.75,2\n7,2\n");
    let predict = |file: &str| folder.succeeds(&format!("predict out/model.json {file}")).csv();
    assert_eq!(predict("new.csv"), predict("full.csv"));
}

#[test]
fn whole_weights_are_repeated_rows() {
    let data = Data::new(30, 4).with("w", |i, _| (i % 4) as f64);
    let mut repeated = data.clone();
    repeated.rows =
        data.rows.iter().enumerate().flat_map(|(i, row)| vec![row.clone(); i % 4]).collect();
    let folder = Folder::with("weighted.csv", data.csv());
    folder.write("repeated.csv", repeated.csv());
    let lambdas = "--lambdas 0.5,0.1,0.01 --tol 1e-12 --target target --json";
    for option in ["", "--no-standardize", "--no-intercept"] {
        let fit = |args: &str| folder.succeeds(&format!("path {args} {lambdas} {option}")).json();
        let weighted = fit("weighted.csv --weights w");
        let repeated = fit("repeated.csv --exclude w");
        for (a, b) in fits(&weighted).iter().zip(fits(&repeated)) {
            assert_close(value(a, "objective"), value(b, "objective"), 1e-11);
            let (a, b) = (coefficients(a), coefficients(b));
            assert!(a.keys().eq(b.keys()));
            a.values().zip(b.values()).for_each(|(&a, &b)| assert_close(a, b, 1e-6));
        }
    }
    folder.succeeds("path weighted.csv --weights w --target target --n-lambdas 5 --out out");
    folder.succeeds("check out/model.json weighted.csv");
}

#[test]
fn the_largest_lambda_is_the_one_by_hand() {
    // x has the mean 2 and the variance 2/3; x'y/3 = 17/3; the covariance of x and y is 1.
    let csv = "x,z,y\n1,1,1\n2,-1,2\n3,1,4\n";
    let scale = (2.0_f64 / 3.0).sqrt();
    for (args, expected) in [
        ("", 1.0 / scale),
        ("--no-standardize", 1.0),
        ("--no-standardize --no-intercept", 17.0 / 3.0),
        ("--no-intercept", 17.0 / 3.0 / scale),
    ] {
        assert_close(lambda_max(csv, args), expected, 1e-12);
    }
}

#[test]
fn a_fit_without_intercept_has_none() {
    let folder = Folder::with("data.csv", Data::new(30, 3).csv());
    let fit = |args: &str| {
        let line = format!("fit data.csv --target target --lambda 0.01 --json {args}");
        value(&folder.succeeds(&line).json()["path"][0], "intercept")
    };
    assert_eq!(fit("--no-intercept"), 0.0);
    assert!((fit("") - 4.0).abs() < 1.0);
}

#[test]
fn include_and_exclude_choose_columns() {
    let folder =
        Folder::with("data.csv", "x1,x2,x10,z1,y\n1,2,3,4,1\n2,1,5,3,4\n4,0,1,1,3\n3,3,9,1,2\n");
    for (args, expected) in [
        ("", "x1 x2 x10 z1"),
        ("--include x*", "x1 x2 x10"),
        ("--include x?,z1", "x1 x2 z1"),
        ("--include z1 --include x1", "x1 z1"),
        ("--exclude x1*", "x2 z1"),
        ("--include x* --exclude *0", "x1 x2"),
        ("--include *", "x1 x2 x10 z1"),
        ("--exclude z1,x2", "x1 x10"),
    ] {
        folder.succeeds(&format!("fit data.csv --target y --lambda 0.1 --out out {args}"));
        let model = folder.json("out/model.json");
        let columns = model["encoding"]["predictors"]["columns"].as_array().unwrap();
        let names: Vec<&str> =
            columns.iter().map(|column| column["name"].as_str().unwrap()).collect();
        assert_eq!(names.join(" "), expected, "{args}");
    }
}

#[test]
fn every_label_gets_a_column() {
    let cities =
        ["Oslo,1,1", "Roma,2,6", "São Paulo,1,-4", "Oslo,2,2", "Roma,1,5", "São Paulo,2,-3"];
    let csv = format!("city,size,y\n{}\n", cities.join("\n"));
    let folder = Folder::with("data.csv", csv);
    let args = "fit data.csv --target y --lambda 0.001 --categorical size --out out";
    let run = folder.succeeds(args);
    assert_eq!(run.stderr.matches("\"city\" (3 labels)").count(), 1, "{}", run.stderr);
    let model = folder.json("out/model.json");
    assert_eq!(model["data"]["columns"], 5);
    let predictors = &model["encoding"]["predictors"]["columns"];
    assert_eq!(predictors[0]["levels"], json!(["Oslo", "Roma", "São Paulo"]));
    assert_eq!(predictors[1]["levels"], json!(["1", "2"]));
    let names: BTreeSet<String> = coefficients(&model["path"][0]).into_keys().collect();
    let possible = ["city=Oslo", "city=Roma", "city=São Paulo", "size=1", "size=2"];
    assert!(names.iter().all(|name| possible.contains(&name.as_str())), "{names:?}");
    assert!(names.contains("city=São Paulo"), "{names:?}");
    folder.succeeds("check out/model.json data.csv");
    folder.write("new.csv", "size,city\n2,Roma\n");
    let prediction = folder.succeeds("predict out/model.json new.csv").csv().1[0][1];
    assert!((prediction - 6.0).abs() < 0.05, "{prediction}");
}

#[test]
fn a_tolerance_that_cannot_be_met_is_marked_and_everything_is_written() {
    let folder = Folder::with("data.csv", Data::new(30, 5).csv());
    let line = "path data.csv --target target --tol 1e-17 --n-lambdas 10 --out out";
    let run = folder.run(line).ends_with_code(3);
    let model = folder.json("out/model.json");
    let missed = fits(&model).iter().filter(|fit| fit["converged"] == false).count();
    assert!(missed > 0);
    let marked = run.stdout.lines().filter(|line| line.ends_with(" *")).count();
    assert_eq!(marked, missed, "{}", run.stdout);
    assert!(run.stdout.contains("\n * missed the tolerance of 1e-17"), "{}", run.stdout);
    assert_eq!(run.stderr.matches("missed the tolerance of 1e-17").count(), 1, "{}", run.stderr);
    assert_eq!(folder.names().len(), 6);
    assert_eq!(folder.read("out/path.csv").matches(",false,").count(), missed);
    folder.succeeds("check out/model.json data.csv --tol 1e-10");
    let run = folder.run(&format!("{line} --json")).ends_with_code(3);
    assert_eq!(run.json()["missed_tolerance"], missed);
}

#[test]
fn the_number_of_threads_does_not_change_the_coefficients() {
    let folder = Folder::with("data.csv", Data::new(60, 150).csv());
    let paths: Vec<Vec<Value>> = ["1", "2"]
        .map(|threads| {
            let line = "path data.csv --target target --n-lambdas 10 --json --threads";
            let printed = folder.succeeds(&format!("{line} {threads}")).json();
            fits(&printed)
                .iter()
                .map(|fit| json!([fit["lambda"], fit["intercept"], fit["coefficients"]]))
                .collect()
        })
        .into();
    assert_eq!(paths[0], paths[1]);
}

#[test]
fn lambdas_are_fitted_from_the_largest_down() {
    let folder = Folder::with("data.csv", Data::new(30, 3).csv());
    let run = folder.succeeds("path data.csv --target target --lambdas 0.01,1,0.1 --json");
    assert_eq!(numbers(&run.json()["path"], "lambda"), [1.0, 0.1, 0.01]);
    let run =
        folder.succeeds("path data.csv -t target --n-lambdas 5 --lambda-min-ratio 0.1 --json");
    let lambdas = numbers(&run.json()["path"], "lambda");
    assert_close(lambdas[4], lambdas[0] / 10.0, 1e-12);
}

#[test]
fn a_lambda_given_twice_is_fitted_once() {
    let folder = Folder::with("data.csv", Data::new(30, 3).csv());
    let run = folder.succeeds("path data.csv --target target --lambdas 0.1,1,0.1 --json");
    assert_eq!(numbers(&run.json()["path"], "lambda"), [1.0, 0.1]);
}

#[test]
fn a_fit_of_zeros_has_no_empty_table() {
    let folder = Folder::with("data.csv", Data::new(30, 3).csv());
    let run = folder.succeeds("fit data.csv --target target --lambda 1000");
    assert!(!run.stdout.contains("all 0 nonzero"), "{}", run.stdout);
    assert!(!run.stdout.trim_end().ends_with("standardized"), "{}", run.stdout);
}

#[test]
fn the_commands_of_the_readme_work() {
    let folder = Folder::new();
    let run = |args: &[&str]| folder.run_with(args).ends_with_code(0);
    let file = |name: &str| repository(name).to_str().unwrap().to_owned();
    let (leukemia, diabetes) = (file("data/leukemia.parquet"), file("data/diabetes.csv"));

    run(&["path", &leukemia, "--target", "aml", "--out", "leukemia"]);
    let model = folder.json("leukemia/model.json");
    assert_eq!(model["data"], json!({"file": "leukemia.parquet", "rows": 38, "columns": 4812}));
    assert_eq!(fits(&model).len(), 100);
    assert_eq!(fits(&model)[99]["nonzero"], 35);

    run(&["fit", &diabetes, "--target", "progression", "--lambda", "2", "--out", "diabetes"]);
    let predictions = run(&["predict", "diabetes/model.json", &diabetes]);
    assert_eq!(predictions.csv().1.len(), 442);
    run(&["check", "diabetes/model.json", &diabetes]);
}
