//! Several targets at once, and Cox's model in strata.

mod common;

use common::{Data, Folder, assert_close};
use serde_json::{Value, json};

fn data() -> Folder {
    let data = Data::new(60, 5)
        .with("a", |i, row| row[0] + 0.5 * row[1] + ((i * 7) % 5) as f64 / 10.0)
        .with("b", |i, row| 100.0 * (row[0] - row[2]) + ((i * 3) % 7) as f64)
        .with("c", |_, row| 0.2 * row[1] + 0.1 * row[3])
        .with("flat", |_, _| 3.0);
    Folder::with("data.csv", data.csv())
}

const FIT: &str = "data.csv --include x1,x2,x3,x4,x5";

#[test]
fn several_targets_are_fitted_together() {
    let folder = data();
    for options in [
        "",
        "--across-outputs ungrouped",
        "--l1-ratio 0.4 --no-standardize",
        "--across-outputs ungrouped --penalty scad",
        "--across-outputs ungrouped --lower=-0.5",
    ] {
        folder.succeeds(&format!("path {FIT} -t b,a,c {options} --n-lambdas 6 --out fit"));
        let model = folder.json("fit/model.json");
        assert_eq!(model["encoding"]["targets"], json!(["b", "a", "c"]));
        let run = folder.succeeds("check fit/model.json data.csv");
        assert!(run.stderr.contains("certified: 6 fits"), "{options}: {}", run.stderr);
        let svg = folder.read("fit/path.svg");
        assert!(svg.contains("Lasso path: b, a, c") || !options.is_empty());
    }
    let run = folder.succeeds(&format!("fit {FIT} -t b,a,c --lambda 0.01 --out fit"));
    assert!(run.stdout.contains("3 targets: \"b\", \"a\", \"c\""), "{}", run.stdout);
    // Columns in the order of the targets, and coefficients on the scale of each.
    let (header, rows) = folder.succeeds("predict fit/model.json data.csv").csv();
    assert_eq!(header, ["row", "b", "a", "c"]);
    let table = common::csv_numbers(&folder.read("data.csv"));
    let column = |name: &str| table.0.iter().position(|other| other == name).unwrap();
    for (name, at, tolerance) in [("b", 1, 8.0), ("a", 2, 0.5), ("c", 3, 0.1)] {
        for (predicted, row) in rows.iter().zip(&table.1) {
            assert!((predicted[at] - row[column(name)]).abs() < tolerance, "{name}");
        }
    }
    let link = folder.succeeds("predict fit/model.json data.csv --link").stdout;
    assert_eq!(link, folder.succeeds("predict fit/model.json data.csv").stdout);
}

#[test]
fn separate_coefficients_are_those_of_separate_fits() {
    let folder = data();
    let line = "--lambda 0.05 --tol 1e-12 --no-standardize --json";
    let fit = |options: &str| {
        folder.succeeds(&format!("fit {FIT} {line} {options}")).json()["path"][0].clone()
    };
    let both = fit("-t a,b --across-outputs ungrouped");
    let total: f64 = ["a", "b"]
        .iter()
        .map(|name| {
            let one = fit(&format!("-t {name}"));
            let output = &both["outputs"][name];
            let intercepts = [&one["intercept"], &output["intercept"]].map(|b| b.as_f64().unwrap());
            assert!((intercepts[0] - intercepts[1]).abs() < 1e-4);
            one["objective"].as_f64().unwrap()
        })
        .sum();
    assert_close(both["objective"].as_f64().unwrap(), total, 1e-9);
}

#[test]
fn several_targets_are_validated() {
    let folder = data();
    for metric in ["deviance", "mse", "mae"] {
        let line = format!("cv {FIT} -t a,b --metric {metric} --n-lambdas 8 --folds 4 --out cv");
        folder.succeeds(&line);
        let cv = folder.json("cv/model.json")["cv"].clone();
        let mean: Vec<f64> =
            cv["mean"].as_array().unwrap().iter().map(|m| m.as_f64().unwrap()).collect();
        assert!(mean[7] < 0.2 * mean[0], "{metric}: {mean:?}");
        let (header, _) = folder.succeeds("predict cv/model.json data.csv --lambda 1se").csv();
        assert_eq!(header, ["row", "a", "b"]);
    }
    let cv = format!("cv {FIT} -t a,b");
    folder.refuses(1, &format!("{cv} --metric accuracy"), &["metric"]);
}

#[test]
fn targets_that_cannot_be_used_are_refused() {
    let folder = data();
    let refused = |options: &str, parts: &[&str]| {
        folder.refuses(1, &format!("fit data.csv --lambda 0.1 {options}"), parts);
    };
    refused("-t a,b,a", &["\"a\"", "twice", "--target"]);
    refused("-t a,b --include x1,b", &["\"b\"", "--include and --target"]);
    refused("-t a,nothing", &["\"nothing\"", "--target"]);
    refused("-t a,b --weights b", &["\"b\"", "--target and --weights"]);
    refused("-t a,b --family poisson", &["--target names several columns", "gaussian"]);
    refused("-t a,flat", &["\"flat\" is 3", "--target"]);
    refused("-t a,b --offset c", &["--offset"]);
    refused("-t a,b --lower 0", &["--across-outputs ungrouped"]);
    refused("-t a,b --penalty mcp", &["--across-outputs ungrouped"]);
    refused("-t a,b --penalty group --groups x --across-outputs ungrouped", &["--across-outputs"]);
    // A name may have a comma.
    folder.write("comma.csv", "\"a,b\",x,y\n1,2,3\n2,1,5\n3,4,4\n");
    folder.succeeds("fit comma.csv -t a,b --lambda 0.1 --out comma");
    assert_eq!(folder.json("comma/model.json")["encoding"]["targets"], json!(["a,b"]));
}

/// Survival times at three sites that differ in their baselines alone.
fn survival() -> Folder {
    let eta = |row: &[f64]| 0.9 * row[0] - 0.7 * row[1];
    let data = Data::new(90, 3)
        .with("days", |i, row| {
            let luck = 1.0 + ((i * 37) % 11) as f64 / 4.0;
            ([1.0, 40.0, 900.0][i % 3] * luck * (-eta(row)).exp() * 10.0).ceil()
        })
        .with("died", |i, _| f64::from(u8::from(i % 5 > 0)));
    let csv = data.csv();
    let line = |(i, line): (usize, &str)| match i {
        0 => format!("{line},site\n"),
        _ => format!("{line},{}\n", ["Oslo", "Roma", "Bern"][(i - 1) % 3]),
    };
    Folder::with("data.csv", csv.lines().enumerate().map(line).collect::<String>())
}

#[test]
fn strata_have_baselines_of_their_own() {
    let folder = survival();
    let fit = "data.csv --family cox --time days --event died --include x1,x2,x3";
    folder.succeeds(&format!("path {fit} --strata site --n-lambdas 6 --out fit"));
    folder.succeeds("check fit/model.json data.csv");
    folder.succeeds("predict fit/model.json data.csv");
    let model = folder.json("fit/model.json");
    assert_eq!(model["encoding"]["strata"], "site");
    // Times of a site in other units change nothing.
    let table = folder.read("data.csv");
    let rescaled: String = table
        .lines()
        .map(|line| {
            let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
            if cells[6] == "Roma" {
                cells[4] = (cells[4].parse::<f64>().unwrap() * 24.0).to_string();
            }
            cells.join(",") + "\n"
        })
        .collect();
    folder.write("hours.csv", rescaled);
    let lambda = model["path"][4]["lambda"].as_f64().unwrap();
    let objective = |file: &str, strata: &str| {
        let fit = fit.replace("data.csv", file);
        let run = folder.succeeds(&format!("fit {fit} {strata} --lambda {lambda} --json"));
        run.json()["path"][0]["objective"].as_f64().unwrap()
    };
    let (days, hours) =
        (objective("data.csv", "--strata site"), objective("hours.csv", "--strata site"));
    assert_close(days, hours, 1e-12);
    assert!((objective("data.csv", "") - objective("hours.csv", "")).abs() > 1e-3);

    let concordance = |strata: &str| -> f64 {
        folder.succeeds(&format!("cv {fit} {strata} --n-lambdas 6 --folds 4 --out cv"));
        let cv: Value = folder.json("cv/model.json")["cv"].clone();
        cv["mean"].as_array().unwrap().iter().map(|m| m.as_f64().unwrap()).fold(0.0, f64::max)
    };
    let (within, across) = (concordance("--strata site"), concordance(""));
    assert!(within > across + 0.05, "{within} {across}");
    folder.write("less.csv", "x1,x2,x3,days,died\n1,2,3,4,1\n2,1,3,4,0\n");
    folder.refuses(1, "check fit/model.json less.csv", &["\"site\"", "add them"]);
}
