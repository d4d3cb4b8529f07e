//! `chamfer cv`.

mod common;

use common::{Data, Folder};
use serde_json::Value;

/// 80 rows of five predictors, their targets, ids of 16 subjects and given folds.
fn data() -> Folder {
    let eta = |row: &[f64]| 1.5 * row[0] - row[2];
    let data = Data::new(80, 5)
        .with("y", |i, row| eta(row) + ((i * 37) % 11) as f64 / 8.0)
        .with("yes", |i, row| f64::from(u8::from(eta(row) + ((i * 37) % 11) as f64 / 5.0 > 1.0)))
        .with("days", |i, row| ((1.0 + (i % 7) as f64) * (-eta(row) / 2.0).exp()).ceil())
        .with("died", |i, _| f64::from(u8::from(i % 4 > 0)))
        .with("fold", |i, _| (i % 4) as f64)
        .with("subject", |i, _| (i / 5) as f64);
    Folder::with("data.csv", data.csv())
}

const CV: &str = "cv data.csv --include x1,x2,x3,x4,x5 --n-lambdas 15 --lambda-min-ratio 0.01";

fn series(cv: &Value, name: &str) -> Vec<f64> {
    cv[name].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn record(folder: &Folder, out: &str) -> Value {
    folder.json(&format!("{out}/model.json"))["cv"].clone()
}

#[test]
fn cv_writes_what_it_chose_and_predict_uses_it() {
    let folder = data();
    let run = folder.succeeds(&format!("{CV} -t y --out fit"));
    assert!(run.stdout.contains("best: lambda") && run.stdout.contains("1 SE: lambda"));
    let cv = record(&folder, "fit");
    let model = folder.json("fit/model.json");
    let lambdas: Vec<f64> = model["path"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fit| fit["lambda"].as_f64().unwrap())
        .collect();
    let (mean, error) = (series(&cv, "mean"), series(&cv, "standard_error"));
    assert_eq!((cv["folds"].as_u64(), mean.len(), error.len()), (Some(10), 15, 15));
    let best = (0..15).min_by(|&a, &b| mean[a].total_cmp(&mean[b])).unwrap();
    assert_eq!(cv["lambda_best"].as_f64(), Some(lambdas[best]));
    let sparse = (0..15).find(|&k| mean[k] <= mean[best] + error[best]).unwrap();
    assert_eq!(cv["lambda_1se"].as_f64(), Some(lambdas[sparse]));
    for name in ["path.csv", "path.svg", "path.png", "cv.csv", "cv.svg", "cv.png"] {
        assert!(folder.exists(&format!("fit/{name}")), "{name}");
    }
    assert_eq!(folder.read("fit/cv.csv").lines().count(), 16);
    assert!(folder.read("fit/cv.svg").contains("10 folds"));
    let predict =
        |which: &str| folder.succeeds(&format!("predict fit/model.json data.csv {which}"));
    let best = predict("--lambda best").stdout;
    assert_eq!(best, predict(&format!("--lambda {}", cv["lambda_best"])).stdout);
    assert_ne!(best, predict("--lambda 1se").stdout);
    folder.succeeds("check fit/model.json data.csv");
    folder.succeeds("path data.csv -t y --n-lambdas 3 --out path");
    folder.refuses(1, "predict path/model.json data.csv --lambda best", &["chamfer cv"]);
}

#[test]
fn folds_depend_on_the_seed_alone() {
    let folder = data();
    let run = |options: &str, out: &str| {
        folder.succeeds(&format!("{CV} -t yes --family binomial {options} --out {out}"));
        record(&folder, out)
    };
    let one = run("--folds 5 --seed 1 --threads 1", "one");
    assert_eq!(one, run("--folds 5 --seed 1 --threads 2", "two"));
    assert_ne!(one, run("--folds 5 --seed 2", "other"));
    assert_eq!(one["folds"], 5);
}

#[test]
fn folds_come_from_columns() {
    let folder = data();
    let cv = "cv data.csv -t y --include x1,x2,x3 --n-lambdas 5";
    folder.succeeds(&format!("{cv} --fold-column fold --out given"));
    assert_eq!(record(&folder, "given")["folds"], 4);
    folder.succeeds(&format!("{cv} --fold-groups subject --folds 4 --out grouped"));
    assert_eq!(record(&folder, "grouped")["folds"], 4);
    folder.refuses(1, &format!("{cv} --fold-groups subject --folds 17"), &["17 folds", "16"]);
    folder.refuses(2, &format!("{cv} --fold-column fold --folds 3"), &["cannot be used with"]);
    folder.refuses(1, &format!("{cv} --fold-column nothing"), &["nothing"]);
}

#[test]
fn metrics_suit_their_families() {
    let folder = data();
    for (options, metric) in [
        ("-t y", "deviance"),
        ("-t y --metric mae", "mae"),
        ("-t yes --family binomial --metric auc --folds 4", "auc"),
        ("-t yes --family binomial --metric accuracy", "accuracy"),
        ("-t days --event died --family cox --folds 4", "concordance"),
    ] {
        folder.succeeds(&format!("{CV} {options} --out fit"));
        let cv = record(&folder, "fit");
        assert_eq!(cv["metric"], metric, "{options}");
        let mean = series(&cv, "mean");
        let is_score = ["auc", "accuracy", "concordance"].contains(&metric);
        let (first, best) = if is_score {
            (mean[0], mean.iter().copied().fold(0.0, f64::max))
        } else {
            (-mean[0], -mean.iter().copied().fold(f64::INFINITY, f64::min))
        };
        assert!(best > first, "{options}: {mean:?}");
        assert!(!is_score || (best > 0.6 && best <= 1.0), "{options}: {mean:?}");
    }
    folder.refuses(1, &format!("{CV} -t y --metric auc"), &["metric"]);
}
