//! Penalty weights, adaptive penalties, criteria, refits and stability selection.

mod common;

use common::{Data, Folder, assert_close, coefficients, numbers};
use serde_json::Value;

/// 90 rows of 12 predictors, the target a sum of the first three with noise, and others.
fn data() -> Folder {
    let mut data = Data::new(90, 12);
    for (j, name) in data.names.iter_mut().enumerate().take(12) {
        *name = format!("g{}_{}", 1 + j / 3, 1 + j % 3);
    }
    let data = data
        .with("noisy", |i, row| row[12] + ((i * 37) % 23) as f64 / 6.0)
        .with("yes", |i, row| f64::from(u8::from(row[12] + ((i * 31) % 17) as f64 / 3.0 > 6.0)))
        .with("days", |i, row| 40.0 + (5.0 * row[12]).round() + ((i * 13) % 29) as f64)
        .with("died", |i, _| f64::from(u8::from(i % 4 > 0)));
    Folder::with("data.csv", data.csv())
}

const PREDICTORS: &str = "--include g*";

fn path(folder: &Folder, out: &str) -> Vec<Value> {
    folder.json(&format!("{out}/model.json"))["path"].as_array().unwrap().clone()
}

#[track_caller]
fn assert_same_fits(a: &[Value], b: &[Value], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_close(a["lambda"].as_f64().unwrap(), b["lambda"].as_f64().unwrap(), 1e-12);
        let (a, b) = (coefficients(a), coefficients(b));
        let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for name in names {
            let (a, b) = (a.get(name).unwrap_or(&0.0), b.get(name).unwrap_or(&0.0));
            assert!((a - b).abs() < tolerance, "{name}: {a} is not {b}");
        }
    }
}

#[test]
fn penalty_weights_come_by_name_or_from_a_file() {
    let folder = data();
    let fit = format!("path data.csv -t noisy {PREDICTORS} --n-lambdas 5 --tol 1e-10 --out");
    folder.succeeds(&format!("{fit} named --penalty-weights g*=2,g1_?=0.5,g2_1=0"));
    folder.write("weights.csv", "g*,2\ng1_?,0.5\ng2_1,0\n");
    folder.succeeds(&format!("{fit} listed --penalty-weights weights.csv"));
    assert_same_fits(&path(&folder, "named"), &path(&folder, "listed"), 1e-12);
    folder.succeeds("check named/model.json data.csv");
    folder.succeeds("predict named/model.json data.csv --lambda bic");
    let model = folder.json("named/model.json");
    assert!(model["objective"].as_str().unwrap().ends_with("term j times its penalty weight"));
    assert!(coefficients(&path(&folder, "named")[0]).contains_key("g2_1"), "it is free");
    // A column times 2 with the weight 2 is the column with the weight 1, where columns are not standardized.
    let scaled = Data::new(90, 3);
    let mut double = scaled.clone();
    for row in &mut double.rows {
        row[1] *= 2.0;
    }
    folder.write("one.csv", scaled.csv());
    folder.write("two.csv", double.csv());
    let fit = "fit FILE.csv -t target --no-standardize --lambda 0.3 --tol 1e-10 --out FILE";
    folder.succeeds(&fit.replace("FILE", "one"));
    folder.succeeds(&(fit.replace("FILE", "two") + " --penalty-weights x2=2"));
    let of = |out: &str| coefficients(&path(&folder, out)[0])["x2"];
    assert_close(of("one"), 2.0 * of("two"), 1e-6);
}

#[test]
fn penalty_weights_of_groups_multiply_those_of_their_size() {
    let folder = data();
    let fit = format!(
        "fit data.csv -t noisy {PREDICTORS} --penalty group --groups _ --lambda 0.2 --tol 1e-10 --out"
    );
    folder.succeeds(&format!("{fit} plain"));
    folder.succeeds(&format!("{fit} all --penalty-weights g*=1"));
    assert_same_fits(&path(&folder, "plain"), &path(&folder, "all"), 1e-8);
    folder.succeeds(&format!("{fit} some --penalty-weights g1=100,g2=0"));
    folder.succeeds("check some/model.json data.csv");
    let some = coefficients(&path(&folder, "some")[0]);
    assert!(!some.contains_key("g1_1") && some.contains_key("g2_1"));
    folder.refuses(
        1,
        &format!("{fit} bad --penalty-weights g1_1=2"),
        &["group \"g1_1\"", "\"g1\""],
    );
}

#[test]
fn penalty_weights_of_a_text_column_are_those_of_its_labels() {
    let csv = Data::new(60, 2).csv();
    let kind = |i: usize| if i == 0 { "kind" } else { ["a", "b", "c"][i % 3] };
    let lines: Vec<String> =
        csv.lines().enumerate().map(|(i, line)| format!("{line},{}", kind(i))).collect();
    let csv = lines.join("\n");
    let folder = Folder::with("data.csv", csv);
    let fit = "fit data.csv -t target --lambda 0.1 --out";
    folder.succeeds(&format!("{fit} fit --penalty-weights kind=0"));
    let free = coefficients(&path(&folder, "fit")[0]);
    assert!(free.keys().filter(|name| name.starts_with("kind=")).count() >= 2, "{free:?}");
    folder.succeeds(&format!("{fit} one --penalty-weights kind=a=0"));
    assert_eq!(folder.json("one/model.json")["penalty"]["weights"]["kind=a"], 0.0);
}

#[test]
fn wrong_penalty_weights_are_refused() {
    let folder = data();
    let refused = |weights: &str, parts: &[&str]| {
        let line = format!("path data.csv -t noisy {PREDICTORS} --penalty-weights {weights}");
        folder.refuses(1, &line, parts);
    };
    refused("g1_9=2", &["column \"g1_9\"", "did you mean"]);
    refused("g1_1=-2", &["\"g1_1\" is -2", "0 or more"]);
    refused("g1_1=inf", &["0 or more"]);
    refused("g1_1", &["COLUMN=NUMBER", "no file \"g1_1\""]);
    refused("g1_1=1 --unpenalized g1_1", &["no penalized column \"g1_1\""]);
    folder.write("short.csv", "g1_1,2\ng1_2\n");
    refused("short.csv", &["short.csv", "line 2"]);
    folder.write("words.csv", "g1_1,much\n");
    refused("words.csv", &["words.csv, line 1", "much"]);
}

#[test]
fn an_adaptive_fit_is_two_explicit_fits() {
    let folder = data();
    for (penalty, names) in [("lasso", "g"), ("group --groups _", "group")] {
        let problem = format!("data.csv -t noisy {PREDICTORS} --penalty {penalty} --tol 1e-10");
        folder.succeeds(&format!(
            "path {problem} --n-lambdas 8 --lambda-min-ratio 0.01 --adaptive=0.5 --out adaptive"
        ));
        folder.succeeds("check adaptive/model.json data.csv");
        let adaptive = folder.json("adaptive/model.json");
        let objective = adaptive["objective"].as_str().unwrap();
        assert!(objective.contains("^0.5, b the fit without these factors at λ = "), "{objective}");
        // The first fit is the best of a cross-validation with the same grid and folds.
        folder.succeeds(&format!("cv {problem} --n-lambdas 8 --lambda-min-ratio 0.01 --out first"));
        let first = folder.json("first/model.json");
        let lambda = &first["cv"]["lambda_best"];
        assert_eq!(&adaptive["penalty"]["adaptive"]["lambda"], lambda);
        let fits = path(&folder, "first");
        let fit = fits.iter().find(|fit| &fit["lambda"] == lambda).unwrap();
        // On standardized columns.
        let (_, rows) = common::csv_numbers(&folder.read("data.csv"));
        let deviation = |j: usize| {
            let mean = rows.iter().map(|row| row[j]).sum::<f64>() / 90.0;
            (rows.iter().map(|row| (row[j] - mean).powi(2)).sum::<f64>() / 90.0).sqrt()
        };
        let mut squares = std::collections::BTreeMap::<String, f64>::new();
        for (name, b) in coefficients(fit) {
            let parts: Vec<usize> =
                name[1..].split('_').map(|part| part.parse().unwrap()).collect();
            let term = if names == "g" { name.clone() } else { format!("g{}", parts[0]) };
            let column = 3 * (parts[0] - 1) + parts[1] - 1;
            *squares.entry(term).or_default() += (b * deviation(column)).powi(2);
        }
        let most = squares.values().copied().fold(0.0, f64::max);
        let weights: Vec<String> = squares
            .iter()
            .map(|(term, square)| format!("{term}={}", (most / square).sqrt().sqrt()))
            .collect();
        let out: Vec<String> = (1..=4)
            .flat_map(|g| (1..=3).map(move |k| (g, format!("g{g}_{k}"))))
            .filter(|(g, name)| {
                !squares.contains_key(name) && !squares.contains_key(&format!("g{g}"))
            })
            .map(|(_, name)| name)
            .collect();
        let lambdas: Vec<String> =
            numbers(&adaptive["path"], "lambda").iter().map(f64::to_string).collect();
        let out =
            if out.is_empty() { String::new() } else { format!("--exclude {}", out.join(",")) };
        folder.succeeds(&format!(
            "path {problem} --lambdas {} --penalty-weights {} {out} --out second",
            lambdas.join(","),
            weights.join(",")
        ));
        assert_same_fits(&path(&folder, "adaptive"), &path(&folder, "second"), 1e-6);
    }
}

#[test]
fn adaptive_penalties_are_validated_with_their_first_fits() {
    let folder = data();
    let cv = format!("cv data.csv -t noisy {PREDICTORS} --n-lambdas 10 --lambda-min-ratio 0.01");
    folder.succeeds(&format!("{cv} --adaptive --folds 4 --threads 1 --out one"));
    folder.succeeds(&format!("{cv} --adaptive --folds 4 --threads 2 --out two"));
    let cv_of = |out: &str| folder.json(&format!("{out}/model.json"))["cv"].clone();
    assert_eq!(cv_of("one"), cv_of("two"));
    // With the factors of the first fit on all rows, held-out rows are no longer so: another estimate.
    let model = folder.json("one/model.json");
    let factors = model["penalty"]["adaptive"]["factors"].as_object().unwrap();
    let weights: Vec<String> = factors.iter().map(|(name, w)| format!("{name}={w}")).collect();
    let kept: Vec<&str> = factors.keys().map(String::as_str).collect();
    let lambdas: Vec<String> =
        numbers(&model["path"], "lambda").iter().map(f64::to_string).collect();
    folder.succeeds(&format!(
        "cv data.csv -t noisy --include {} --folds 4 --lambdas {} --penalty-weights {} --out leaky",
        kept.join(","),
        lambdas.join(","),
        weights.join(",")
    ));
    let mean = |out: &str, k: usize| cv_of(out)["mean"][k].as_f64().unwrap();
    assert!((0..10).any(|k| (mean("one", k) - mean("leaky", k)).abs() > 1e-3 * mean("one", k)));
    assert!(folder.read("one/cv.svg").contains("Adaptive lasso path"));
    folder.succeeds("predict one/model.json data.csv --lambda 1se");
    folder.refuses(1, &format!("{cv} --adaptive --folds 2"), &["at least 3 folds"]);
}

#[test]
fn adaptive_needs_a_convex_penalty_and_a_signal() {
    let folder = data();
    let fit = format!("fit data.csv -t noisy {PREDICTORS} --lambda 0.1 --adaptive");
    for penalty in ["mcp", "scad", "lq", "sparse-group --groups _", "group --groups _ --q 0.5"] {
        folder.refuses(1, &format!("{fit} --penalty {penalty}"), &["--adaptive goes with"]);
    }
    folder.refuses(2, &format!("{fit}=0"), &["above 0"]);
    folder.succeeds(&format!("{fit} --penalty non-negative --l1-ratio 0.5"));
    let noise = Data::new(40, 3).with("noise", |i, _| ((i * 7919) % 31) as f64);
    folder.write("noise.csv", noise.csv());
    let run = folder.run("path noise.csv -t noise --include x1,x2,x3 --adaptive");
    assert!(run.code == Some(0) || run.stderr.contains("nothing predicts"), "{run:#?}");
}

#[test]
fn criteria_are_written_and_choose() {
    let folder = data();
    let run =
        folder.succeeds(&format!("path data.csv -t noisy {PREDICTORS} --criterion bic --out fit"));
    let table = folder.read("fit/path.csv");
    let header: Vec<&str> = table.lines().next().unwrap().split(',').collect();
    let rows: Vec<Vec<&str>> =
        table.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let number = |row: &[&str], name: &str| row[at(name)].parse::<f64>().unwrap();
    let n = 90.0_f64;
    for row in &rows {
        // Of a gaussian likelihood with its variance estimated: n ln(RSS/n), and a price for each coefficient.
        let rss = 1.0 - number(row, "deviance_explained");
        let df = number(row, "nonzero") + 1.0;
        let base = n * rss.ln();
        let first = n * (1.0 - number(&rows[0], "deviance_explained")).ln();
        let shift = number(&rows[0], "aic") - first - 2.0;
        assert_close(number(row, "aic") - shift, base + 2.0 * df, 1e-8);
        assert_close(number(row, "bic") - shift, base + n.ln() * df, 1e-8);
        // 12 columns are more than the square root of 90.
        assert!(number(row, "ebic") >= number(row, "bic"));
    }
    for criterion in ["aic", "bic", "ebic"] {
        let best = rows.iter().min_by(|a, b| number(a, criterion).total_cmp(&number(b, criterion)));
        let lambda = number(best.unwrap(), "lambda");
        let predict = |what: &str| {
            folder.succeeds(&format!("predict fit/model.json data.csv --lambda {what}"))
        };
        assert_eq!(predict(criterion).stdout, predict(&lambda.to_string()).stdout);
        if criterion == "bic" {
            assert!(run.stdout.contains("least bic: lambda"), "{}", run.stdout);
            let json = folder
                .succeeds(&format!("path data.csv -t noisy {PREDICTORS} --criterion bic --json"));
            assert_eq!(json.json()["least"]["lambda"].as_f64(), Some(lambda));
        }
    }
    let huber = format!("path data.csv -t noisy {PREDICTORS} --family huber");
    folder.refuses(1, &format!("{huber} --criterion aic"), &["aic", "huber", "chamfer cv"]);
    folder.succeeds(&format!("{huber} --n-lambdas 3 --out huber"));
    folder.refuses(1, "predict huber/model.json data.csv --lambda bic", &["bic", "huber"]);
    assert!(folder.read("huber/path.csv").lines().nth(1).unwrap().contains(",,,,"));
}

#[test]
fn refits_are_kept_checked_and_used() {
    let folder = data();
    for (target, family) in
        [("noisy", "gaussian"), ("yes", "binomial"), ("days --event died", "cox")]
    {
        folder.succeeds(&format!(
            "path data.csv -t {target} --family {family} {PREDICTORS} --n-lambdas 6 --lambda-min-ratio 0.1 \
             --relax --out fit"
        ));
        let fits = path(&folder, "fit");
        for fit in &fits {
            let refit = &fit["relaxed"];
            assert_eq!(refit["converged"], true, "{family}: {refit}");
            assert!(
                refit["deviance_explained"].as_f64()
                    >= fit["deviance_explained"].as_f64().map(|d| d - 1e-9)
            );
            let (a, b) = (coefficients(fit), coefficients(refit));
            assert!(b.keys().all(|name| a.contains_key(name)));
        }
        folder.succeeds("check fit/model.json data.csv");
        let predict = |how: &str| {
            let line = format!(
                "predict fit/model.json data.csv --link --lambda {} {how}",
                fits[4]["lambda"]
            );
            folder.succeeds(&line).csv().1
        };
        let (penalized, refit) = (predict(""), predict("--relaxed"));
        assert_eq!(penalized, predict("--relaxed=1"));
        assert_eq!(refit, predict("--relaxed=0"));
        for ((a, b), c) in penalized.iter().zip(&refit).zip(predict("--relaxed=0.25")) {
            assert!((0.25 * a[1] + 0.75 * b[1] - c[1]).abs() < 1e-9);
        }
    }
    // An edited refit is found out.
    let text = folder.read("fit/model.json");
    let mut model: Value = serde_json::from_str(&text).unwrap();
    let b = model["path"][4]["relaxed"]["coefficients"]["g1_1"].as_f64().unwrap();
    model["path"][4]["relaxed"]["coefficients"]["g1_1"] = (b + 0.1).into();
    folder.write("fit/model.json", model.to_string());
    let run = folder.run("check fit/model.json data.csv").ends_with_code(3);
    assert!(run.stderr.contains("1 refit"), "{}", run.stderr);
    folder.succeeds(&format!("fit data.csv -t noisy {PREDICTORS} --lambda 0.1 --out plain"));
    folder.refuses(1, "predict plain/model.json data.csv --relaxed", &["no refit", "--relax"]);
    folder.refuses(2, "predict plain/model.json data.csv --relaxed=2", &["between 0"]);
}

#[test]
fn cv_chooses_a_blend_of_both_fits() {
    let folder = data();
    let cv =
        format!("cv data.csv -t noisy {PREDICTORS} --n-lambdas 8 --lambda-min-ratio 0.02 --seed 4");
    let run = folder.succeeds(&format!("{cv} --relax --out relaxed"));
    assert!(run.stdout.contains("relaxed"), "{}", run.stdout);
    folder.succeeds(&format!("{cv} --out plain"));
    let of = |out: &str| folder.json(&format!("{out}/model.json"))["cv"].clone();
    let (relaxed, plain) = (of("relaxed"), of("plain"));
    for member in ["mean", "standard_error", "lambda_best", "lambda_1se"] {
        assert_eq!(relaxed[member], plain[member], "{member}");
    }
    let blends = relaxed["relaxed"]["blends"].as_array().unwrap();
    assert_eq!(numbers(&relaxed["relaxed"]["blends"], "gamma"), [1.0, 0.75, 0.5, 0.25, 0.0]);
    assert_eq!(blends[0]["mean"], plain["mean"]);
    let best = |blend: &Value| {
        let means = blend["mean"].as_array().unwrap().iter().map(|mean| mean.as_f64().unwrap());
        means.fold(f64::INFINITY, f64::min)
    };
    let least = blends.iter().map(best).fold(f64::INFINITY, f64::min);
    let gamma = relaxed["relaxed"]["gamma_best"].as_f64().unwrap();
    let chosen = blends.iter().find(|blend| blend["gamma"].as_f64() == Some(gamma)).unwrap();
    assert_eq!(best(chosen), least);
    let predict =
        |how: &str| folder.succeeds(&format!("predict relaxed/model.json data.csv {how}"));
    let lambda = &relaxed["relaxed"]["lambda_best"];
    let by_hand = predict(&format!("--relaxed={gamma} --lambda {lambda}")).stdout;
    assert_eq!(predict("--relaxed --lambda best").stdout, by_hand);
    assert_eq!(folder.read("relaxed/cv_relaxed.csv").lines().count(), 1 + 5 * 8);
    assert!(folder.exists("relaxed/cv_relaxed.png") && !folder.exists("plain/cv_relaxed.csv"));
}

#[test]
fn stable_columns_are_those_that_matter() {
    let folder = data();
    let stability = format!("stability data.csv -t target {PREDICTORS} --pairs 20");
    let run = folder.succeeds(&format!("{stability} --false-selections 3 --out stable"));
    assert!(run.stdout.contains("3 columns selected on at least 0.6"), "{}", run.stdout);
    let table = folder.read("stable/stability.csv");
    let stable: Vec<&str> =
        table.lines().filter(|line| line.ends_with(",true")).map(|line| &line[..4]).collect();
    let mut sorted = stable.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["g1_1", "g1_2", "g1_3"]);
    assert_eq!(table.lines().count(), 13);
    assert!(folder.exists("stable/stability.svg") && folder.exists("stable/stability.png"));
    let json = |options: &str| folder.succeeds(&format!("{stability} --json {options}")).json();
    let one = json("--threads 1 --seed 5");
    assert_eq!(one, json("--threads 2 --seed 5"));
    assert_ne!(one, json("--seed 6"));
    assert!(one["false_selections"].as_f64() <= Some(1.0));
    let n = one["lambdas"].as_array().unwrap().len();
    assert_eq!(one["mean_selected"].as_array().unwrap().len(), n);
    let groups = json("--penalty group --groups _ --false-selections 2");
    assert_eq!(groups["selected"][0]["name"], "g1");
    json("--family gaussian --penalty mcp --unpenalized g4_1 --penalty-weights g4_2=0");
    let two = folder
        .succeeds(&format!("stability data.csv -t yes --family binomial {PREDICTORS} --pairs 5"));
    assert!(two.stdout.contains("5 pairs of halves"));
    folder.refuses(1, &format!("{stability} --penalty sparse-group --groups _"), &["whole groups"]);
    folder.refuses(2, &format!("{stability} --threshold 0.5"), &["above 0.5"]);
}

#[test]
fn classes_and_several_targets_have_weights_refits_and_shares() {
    let data = Data::new(80, 6)
        .with("second", |i, row| row[1] - row[4] + ((i * 17) % 13) as f64 / 5.0)
        .with("kind", |i, row| {
            let eta = row[6] + ((i * 29) % 11) as f64 / 3.0;
            f64::from(u8::from(eta > 4.5)) + f64::from(u8::from(eta > 7.5))
        });
    let folder = Folder::with("data.csv", data.csv());
    let predictors = "--include x1,x2,x3,x4,x5,x6 --n-lambdas 6 --lambda-min-ratio 0.05";
    for (problem, outputs) in [("kind --family multinomial", 3), ("target,second", 2)] {
        let options = "--adaptive --relax --penalty-weights x2=0.5 --folds 4";
        folder.succeeds(&format!("cv data.csv -t {problem} {predictors} {options} --out fit"));
        folder.succeeds("check fit/model.json data.csv");
        let model = folder.json("fit/model.json");
        let fit = &model["path"][4];
        assert_eq!(fit["relaxed"]["outputs"].as_object().unwrap().len(), outputs);
        assert_eq!(fit["relaxed"]["converged"], true, "{problem}: {}", fit["relaxed"]);
        assert!(model["cv"]["relaxed"]["gamma_best"].is_number());
        let predict = |how: &str| {
            let line =
                format!("predict fit/model.json data.csv --link --lambda {} {how}", fit["lambda"]);
            folder.succeeds(&line).csv().1
        };
        let all = predict("").into_iter().zip(predict("--relaxed=0")).zip(predict("--relaxed=0.5"));
        for ((a, b), c) in all {
            assert_eq!(a.len(), outputs + 1);
            assert!((1..=outputs).all(|k| (a[k] + b[k] - 2.0 * c[k]).abs() < 1e-9));
        }
        folder.succeeds(&format!(
            "stability data.csv -t {problem} --include x1,x2,x3,x4,x5,x6 --pairs 4 --out stable"
        ));
        assert_eq!(folder.read("stable/stability.csv").lines().count(), 7);
    }
    // A likelihood of classes has criteria; several gaussian targets do not.
    let path = format!("path data.csv {predictors} --criterion ebic");
    folder.succeeds(&format!("{path} -t kind --family multinomial"));
    folder.refuses(1, &format!("{path} -t target,second"), &["ebic is not defined"]);
}
