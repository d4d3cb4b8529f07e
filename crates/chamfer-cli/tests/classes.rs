//! Targets with classes: two with one predictor, or several.

mod common;

use common::{Data, Folder, assert_close, numbers};
use serde_json::{Value, json};

/// Rows of four predictors with labels of two and of three classes, in text and in numbers.
fn data(n_rows: usize) -> Folder {
    let data = Data::new(n_rows, 4);
    let text = |i: usize, row: &[f64]| {
        let noise = ((i * 37) % 11) as f64 / 5.0 - 1.0;
        let two = if row[0] - row[2] + noise > 0.0 { "no" } else { "yes" };
        let number = if two == "yes" { 3 } else { -1 };
        let three = match row[0] + noise {
            score if score < -0.7 => "low",
            score if score > 0.7 => "high, up",
            _ => "medium",
        };
        let code = ["low", "medium", "high, up"].iter().position(|label| *label == three).unwrap();
        format!("{two},{number},\"{three}\",{code}")
    };
    let mut lines = data.csv().lines().map(str::to_owned).collect::<Vec<_>>();
    lines[0] += ",two,number,three,code";
    for (i, row) in data.rows.iter().enumerate() {
        let text = text(i, row);
        lines[i + 1] += ",";
        lines[i + 1] += &text;
    }
    Folder::with("data.csv", lines.join("\n") + "\n")
}

const FIT: &str = "data.csv --include x1,x2,x3,x4";

fn objectives(model: &Value) -> Vec<f64> {
    numbers(&model["path"], "objective")
}

/// Rows of cells of the printed CSV, without its header.
fn cells(text: &str) -> Vec<Vec<String>> {
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn two_labels_are_as_good_as_0_and_1() {
    let folder = data(80);
    for family in ["binomial", "squared-hinge"] {
        let fit = |options: &str, out: &str| {
            let line = format!("path {FIT} --family {family} --n-lambdas 6 {options} --out {out}");
            let run = folder.succeeds(&line);
            (run.stdout, folder.json(&format!("{out}/model.json")))
        };
        let (said, text) = fit("-t two", "text");
        assert!(said.contains("target \"two\": \"yes\" against \"no\""), "{said}");
        assert_eq!(text["encoding"]["classes"], json!(["no", "yes"]));
        let (_, number) = fit("-t number", "number");
        assert_eq!(number["encoding"]["classes"], json!(["-1", "3"]));
        assert_eq!(text["path"][5]["coefficients"], number["path"][5]["coefficients"]);
        // The other way round, all coefficients have the other sign.
        let (said, other) = fit("-t two --positive no", "other");
        assert!(said.contains("\"no\" against \"yes\""), "{said}");
        for (a, b) in objectives(&text).iter().zip(objectives(&other)) {
            assert_close(*a, b, 1e-6);
        }
        let x1 = |model: &Value| model["path"][5]["coefficients"]["x1"].as_f64().unwrap();
        assert!((x1(&text) + x1(&other)).abs() < 1e-3 * x1(&text).abs());
        assert!(x1(&text) < 0.0);
        fit("-t number --positive -1.0", "same");
        for out in ["text", "number", "other", "same"] {
            folder.succeeds(&format!("check {out}/model.json data.csv"));
        }
    }
}

#[test]
fn predict_names_the_positive_class_and_gives_labels() {
    let folder = data(80);
    folder.succeeds(&format!("fit {FIT} -t two --family binomial --lambda 0.02 --out fit"));
    let predict =
        |options: &str| folder.succeeds(&format!("predict fit/model.json data.csv {options}"));
    let (header, p) = predict("").csv();
    assert_eq!(header, ["row", "P(yes)"]);
    let (header, eta) = predict("--link").csv();
    assert_eq!(header, ["row", "link(yes)"]);
    let labels = predict("--class").stdout;
    assert!(labels.starts_with("row,class\n"));
    let mut seen = [0, 0];
    for ((p, eta), label) in p.iter().zip(&eta).zip(cells(&labels)) {
        assert_close(p[1], 1.0 / (1.0 + (-eta[1]).exp()), 1e-12);
        assert_eq!(label[1], if p[1] > 0.5 { "yes" } else { "no" });
        seen[usize::from(p[1] > 0.5)] += 1;
    }
    assert!(seen[0] > 10 && seen[1] > 10);
    folder.refuses(2, "predict fit/model.json data.csv --class --link", &["cannot be used with"]);
    folder.succeeds("fit data.csv -t x4 --include x1,x2,x3 --lambda 0.02 --out numbers");
    folder.refuses(1, "predict numbers/model.json data.csv --class", &["--class", "multinomial"]);
    // The target need not be there.
    folder.write("new.csv", "x1,x2,x3,x4\n1,0,0,0\n-1,0,0,0\n");
    let new = folder.succeeds("predict fit/model.json new.csv --class").stdout;
    assert_eq!(cells(&new), [["1", "no"], ["2", "yes"]]);
}

#[test]
fn shares_stay_numbers() {
    let data = Data::new(60, 3).with("share", |_, row| {
        let share: f64 = 1.0 / (1.0 + (-row[0]).exp());
        (share * 10.0).round() / 10.0
    });
    let folder = Folder::with("data.csv", data.csv());
    folder.succeeds(
        "fit data.csv -t share --exclude target --family binomial --lambda 0.001 --out fit",
    );
    assert!(folder.json("fit/model.json")["encoding"].get("classes").is_none());
    folder.succeeds("check fit/model.json data.csv");
    assert_eq!(folder.succeeds("predict fit/model.json data.csv").csv().0, ["row", "prediction"]);
    let positive = "fit data.csv -t share --family binomial --positive 1 --lambda 0.1";
    folder.refuses(1, positive, &["two classes"]);
    folder.refuses(
        1,
        "fit data.csv -t share --family squared-hinge --lambda 0.1",
        &["two classes"],
    );
}

#[test]
fn multinomial_fits_are_certified_and_predict_every_class() {
    let folder = data(90);
    for options in [
        "-t three",
        "-t code",
        "-t two",
        "-t three --across-outputs grouped --l1-ratio 0.5",
        "-t three --penalty lq --across-outputs grouped",
        "-t three --penalty mcp --no-standardize",
        "-t three --lower=-0.5 --upper 0.5",
    ] {
        folder.succeeds(&format!(
            "path {FIT} {options} --family multinomial --n-lambdas 6 --out fit"
        ));
        let model = folder.json("fit/model.json");
        let classes = model["encoding"]["classes"].as_array().unwrap();
        assert_eq!(classes.len(), if options == "-t two" { 2 } else { 3 }, "{options}");
        let last = &model["path"][5];
        assert!(last["deviance_explained"].as_f64() > Some(0.2), "{options}");
        assert_eq!(last["outputs"].as_object().unwrap().len(), classes.len());
        let run = folder.succeeds("check fit/model.json data.csv");
        assert!(run.stderr.contains("certified: 6 fits"), "{options}: {}", run.stderr);
        if options == "-t three" {
            let svg = folder.read("fit/path.svg");
            assert!(
                ["low", "medium"].iter().all(|label| svg.contains(&format!("three = {label}")))
            );
        }
        assert!(
            folder.read("fit/path.svg").contains(&format!("{} =", &options[3..5]))
                || !options.starts_with("-t x")
        );
    }
    let line = format!("fit {FIT} -t three --family multinomial --lambda 0.02 --out fit");
    let run = folder.succeeds(&line);
    assert!(run.stdout.contains("3 classes, \"high, up\", \"low\", \"medium\""), "{}", run.stdout);
    let predict = |options: &str| {
        folder.succeeds(&format!("predict fit/model.json data.csv {options}")).stdout
    };
    let probabilities = predict("");
    assert!(probabilities.starts_with("row,\"P(high, up)\",P(low),P(medium)\n"));
    let rows = |text: &str| -> Vec<Vec<f64>> {
        cells(text)
            .iter()
            .map(|row| row.iter().map(|cell| cell.parse().unwrap()).collect())
            .collect()
    };
    let (p, eta) = (rows(&probabilities), rows(&predict("--link")));
    let labels = predict("--class");
    let names = ["\"high, up\"", "low", "medium"];
    for ((p, eta), label) in p.iter().zip(&eta).zip(labels.lines().skip(1)) {
        assert_close(p[1..].iter().sum(), 1.0, 1e-12);
        assert_close((p[1] / p[2]).ln(), eta[1] - eta[2], 1e-9);
        let best = (1..4).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap();
        assert_eq!(label.split_once(',').unwrap().1, names[best - 1]);
    }
    // A column for each class and each λ.
    folder.succeeds(&format!("path {FIT} -t code --family multinomial --n-lambdas 3 --out path"));
    let (header, _) = folder.succeeds("predict path/model.json data.csv").csv();
    let lambdas = numbers(&folder.json("path/model.json")["path"], "lambda");
    assert_eq!((header.len(), &header[5]), (10, &format!("P(1) lambda={}", lambdas[1])));
    let (header, _) = folder.succeeds("predict path/model.json data.csv --class").csv();
    assert_eq!(header[2], format!("lambda={}", lambdas[1]));
}

#[test]
fn grouped_columns_are_in_for_all_classes_or_for_none() {
    let folder = data(90);
    let fit = |options: &str| {
        folder.succeeds(&format!(
            "path {FIT} -t three --family multinomial --n-lambdas 8 {options} --out fit"
        ));
        folder.json("fit/model.json")
    };
    let sizes = |fit: &Value| -> Vec<usize> {
        let outputs = fit["outputs"].as_object().unwrap().values();
        outputs.map(|output| output["coefficients"].as_object().unwrap().len()).collect()
    };
    let grouped = fit("--across-outputs grouped");
    assert!(grouped["objective"].as_str().unwrap().contains("‖β_j‖₂"));
    for fit in grouped["path"].as_array().unwrap() {
        assert_eq!(json!(sizes(fit)), json!([fit["nonzero"], fit["nonzero"], fit["nonzero"]]));
    }
    let single = fit("");
    assert!(single["objective"].as_str().unwrap().contains("Σ_k |β_jk|"));
    assert!(single["path"].as_array().unwrap().iter().any(|fit| {
        let sizes = sizes(fit);
        sizes[0] != sizes[1] || sizes[0] != sizes[2]
    }));
}

#[test]
fn cv_measures_classes() {
    let folder = data(90);
    let cv = format!("cv {FIT} -t three --family multinomial --n-lambdas 8 --folds 5 --out cv");
    let run = folder.succeeds(&cv);
    assert!(run.stdout.contains("mean deviance"), "{}", run.stdout);
    assert!(folder.read("cv/cv.svg").contains("Columns with coefficients"));
    let best = folder.succeeds("predict cv/model.json data.csv --lambda best").stdout;
    assert!(best.starts_with("row,\"P(high, up)\",P(low),P(medium)\n"));
    folder.succeeds(&format!("{cv} --metric accuracy --seed 3"));
    let record = folder.json("cv/model.json")["cv"].clone();
    let mean = |k: usize| record["mean"][k].as_f64().unwrap();
    assert!(mean(7) > mean(0) + 0.1 && mean(7) <= 1.0, "{record}");
    folder.refuses(1, &format!("{cv} --metric auc").replace("--out cv", ""), &["multinomial"]);
}

#[test]
fn classes_that_cannot_be_used_are_refused() {
    let folder = data(60);
    let refused = |options: &str, parts: &[&str]| {
        folder.refuses(1, &format!("fit {FIT} --lambda 0.1 {options}"), parts);
    };
    refused(
        "-t three --family binomial",
        &["\"three\"", "3 different values", "--family multinomial"],
    );
    refused("-t three", &["\"three\"", "numbers", "--family binomial", "multinomial"]);
    refused(
        "-t two --family binomial --positive maybe",
        &["\"maybe\"", "--positive", "\"no\", \"yes\""],
    );
    refused("-t two --positive yes", &["--positive needs --family binomial"]);
    let line = "fit data.csv -t target --include x1,x2 --family multinomial --lambda 0.1";
    folder.refuses(1, line, &["\"target\"", "60 different values in 60 rows", "too many"]);
    refused("-t two,three --family multinomial", &["--target names several columns"]);
    refused(
        "-t three --family multinomial --penalty mcp --across-outputs grouped",
        &["--penalty lasso"],
    );
    refused(
        "-t two --family binomial --across-outputs grouped",
        &["--across-outputs", "multinomial"],
    );
    refused("-t three --family multinomial --offset code", &["--offset"]);
    refused("-t three --family multinomial --weights none", &["\"none\"", "--weights"]);
    folder.write("one.csv", "x,y,w\n1,a,1\n2,a,1\n3,a,0\n");
    let one = "fit one.csv -t y --lambda 0.1 --exclude w --family";
    for family in ["multinomial", "binomial"] {
        folder.refuses(1, &format!("{one} {family}"), &["every row has the class \"a\""]);
    }
    folder.write("one.csv", "x,y,w\n1,a,1\n2,a,1\n3,b,0\n");
    for family in ["multinomial", "binomial"] {
        let parts = ["every row that counts", "no row that counts has the class \"b\""];
        let part = &parts[usize::from(family == "multinomial")..][..1];
        folder.refuses(1, &format!("{one} {family} --weights w").replace("--exclude w ", ""), part);
    }
}

#[test]
fn labels_that_a_model_does_not_know_are_named() {
    let folder = data(60);
    folder.succeeds(&format!("fit {FIT} -t three --family multinomial --lambda 0.1 --out fit"));
    folder.write("new.csv", "x1,x2,x3,x4,three\n1,2,3,4,low\n2,1,3,4,none\n");
    let parts = ["new.csv", "row 2", "\"three\"", "\"none\"", "\"high, up\", \"low\", \"medium\""];
    folder.refuses(1, "check fit/model.json new.csv", &parts);
    folder.succeeds("predict fit/model.json new.csv");
    let mut model = folder.json("fit/model.json");
    model["path"][0]["outputs"].as_object_mut().unwrap().remove("low");
    folder.write("edited.json", model.to_string());
    folder.refuses(
        1,
        "predict edited.json data.csv",
        &["edited.json", "no coefficients for \"low\""],
    );
}

#[test]
fn a_class_with_one_row_is_fitted_but_not_validated() {
    let folder = data(40);
    let mut csv = folder.read("data.csv");
    csv += "1,1,1,1,0,no,-1,other,7\n";
    folder.write("data.csv", &csv);
    let fit = format!("{FIT} -t three --family multinomial --n-lambdas 4");
    folder.succeeds(&format!("path {fit} --out fit"));
    let parts = ["class \"other\" has one row", "chamfer path"];
    folder.refuses(1, &format!("cv {fit} --folds 4"), &parts);
    csv += "1,1,2,1,0,no,-1,other,7\n";
    folder.write("data.csv", &csv);
    let run = folder.succeeds(&format!("cv {fit} --folds 4"));
    assert!(run.stderr.contains("\"other\" is in 2"), "{}", run.stderr);
    // All rows of a class in a fold of its own.
    let fold = |line: &str| {
        if line.contains("other") {
            "1"
        } else if line.len().is_multiple_of(2) {
            "2"
        } else {
            "3"
        }
    };
    let folds = csv.lines().enumerate().map(|(i, line)| {
        let fold = if i == 0 { "fold" } else { fold(line) };
        format!("{line},{fold}")
    });
    folder.write("data.csv", folds.collect::<Vec<_>>().join("\n"));
    let parts = ["all 2 rows of the class \"other\" are in one fold"];
    folder.refuses(1, &format!("cv {fit} --fold-column fold"), &parts);
}

#[test]
fn svmlight_labels_are_classes() {
    let line = |i: usize| {
        let (a, b) = (((i * 7) % 11) as f64 / 3.0, ((i * 5) % 13) as f64 / 4.0);
        format!("{} 1:{a} 2:{b}", if a > b { "+1" } else { "-1" })
    };
    let folder = Folder::with("data.svm", (0..40).map(line).collect::<Vec<_>>().join("\n"));
    folder.succeeds("fit data.svm --family binomial --lambda 0.01 --out fit");
    folder.succeeds("check fit/model.json data.svm");
    let run = folder.succeeds("predict fit/model.json data.svm");
    assert!(run.stdout.starts_with("row,P(1)\n"));
}
