//! Families and penalties through the command line.

mod common;

use common::{Data, Folder};

/// 60 rows of five predictors, and targets of several kinds.
fn data() -> Folder {
    let eta = |row: &[f64]| 0.5 * (row[0] - 0.8 * row[2] + 0.3 * row[4]);
    let mut data = Data::new(60, 5);
    data.names = ["a", "b", "c_1", "c_2", "c_3", "unused"].map(str::to_owned).to_vec();
    let data = data
        .with("y", |_, row| eta(row) + 0.2 * row[1])
        .with("yes", |_, row| f64::from(u8::from(eta(row) + 0.3 * row[1] > 0.0)))
        .with("count", |_, row| (2.0 * eta(row).exp()).round())
        .with("amount", |_, row| 0.1 + eta(row).exp());
    Folder::with("data.csv", data.csv())
}

const PREDICTORS: &str = "--include a,b,c_*";

#[test]
fn every_family_is_fitted_and_checked() {
    let folder = data();
    let families = [
        ("gaussian", "y"),
        ("binomial", "yes"),
        ("poisson", "count"),
        ("gamma", "amount"),
        ("negative-binomial --theta 2", "count"),
        ("tweedie --power 1.3", "count"),
        ("huber --delta 0.5", "y"),
        ("squared-hinge", "yes"),
    ];
    for (family, target) in families {
        for penalty in ["lasso --l1-ratio 0.5", "lq --q 0.5"] {
            let what = format!("--family {family} --penalty {penalty}");
            folder.succeeds(&format!(
                "path data.csv --target {target} {PREDICTORS} {what} --n-lambdas 6 --out fit"
            ));
            let model = folder.json("fit/model.json");
            let fits = model["path"].as_array().unwrap();
            assert!(fits.iter().all(|fit| fit["converged"] == true), "{what}");
            assert!(fits[5]["deviance_explained"].as_f64() > Some(0.2), "{what}");
            let convex = penalty.starts_with("lasso");
            assert_eq!(fits[3]["relative_gap"].is_number(), convex, "{what}");
            assert_eq!(fits[3]["smallest_eigenvalue"].is_number(), !convex, "{what}");
            let check = folder.succeeds("check fit/model.json data.csv");
            assert!(check.stderr.contains("certified: 6 fits"), "{what}: {}", check.stderr);
        }
    }
}

#[test]
fn groups_come_by_name_or_from_a_file() {
    let folder = data();
    let fit = format!("path data.csv -t y {PREDICTORS} --n-lambdas 5 --out");
    folder.succeeds(&format!("{fit} named --penalty group --groups _"));
    folder.write("groups.csv", "a,one\nb,two\nc_1,three\nc_2,three\nc_3,three\n");
    folder.succeeds(&format!("{fit} listed --penalty group --groups groups.csv"));
    let (named, listed) = (folder.json("named/model.json"), folder.json("listed/model.json"));
    for (a, b) in named["path"].as_array().unwrap().iter().zip(listed["path"].as_array().unwrap()) {
        common::assert_close(
            a["objective"].as_f64().unwrap(),
            b["objective"].as_f64().unwrap(),
            1e-12,
        );
        // The three are in together or not at all.
        let n = (1..=3).filter(|j| a["coefficients"][format!("c_{j}")].is_number()).count();
        assert!(n == 0 || n == 3);
    }
    folder.succeeds(&format!("{fit} sparse --penalty sparse-group --groups _ --l1-share 0.3"));
    folder.succeeds("check sparse/model.json data.csv");
    folder.succeeds(&format!("{fit} free --unpenalized a,c_*"));
    let first = &folder.json("free/model.json")["path"][0];
    assert_eq!(first["nonzero"], 4);
}

#[test]
fn predictions_are_responses_unless_links_are_asked_for() {
    let folder = data();
    folder.succeeds(&format!(
        "fit data.csv -t yes {PREDICTORS} --family binomial --lambda 0.05 --out fit"
    ));
    let (_, p) = folder.succeeds("predict fit/model.json data.csv").csv();
    let (_, eta) = folder.succeeds("predict fit/model.json data.csv --link").csv();
    for (p, eta) in p.iter().zip(&eta) {
        common::assert_close(p[1], 1.0 / (1.0 + (-eta[1]).exp()), 1e-12);
    }
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let folder = data();
    let refused = |options: &str, parts: &[&str]| {
        folder.refuses(1, &format!("path data.csv -t y {PREDICTORS} {options}"), parts);
    };
    refused("--family binomial", &["\"y\"", "two classes", "--family multinomial"]);
    refused("--theta 2", &["--theta", "--family"]);
    refused("--penalty lasso --q 0.5", &["--q", "--penalty"]);
    refused("--penalty lq --q 1.5", &["at least 2"]);
    refused("--penalty mcp --shape 0.5", &["gamma", "0.5"]);
    refused("--penalty group", &["--groups"]);
    refused("--groups _", &["--groups", "--penalty"]);
    refused("--penalty group --groups nowhere.csv", &["nowhere.csv", "no such file"]);
    refused("--unpenalized d", &["\"d\"", "--unpenalized"]);
    folder.write("some.csv", "a,one\nb,two\n");
    refused("--penalty group --groups some.csv", &["\"c_1\" has no group"]);
    folder.write("bad.csv", "a,one\nb\n");
    refused("--penalty group --groups bad.csv", &["bad.csv", "line 2"]);
    folder.write("twice.csv", "a,one\na,two\n");
    refused("--penalty group --groups twice.csv", &["\"a\"", "twice"]);
}

#[test]
fn coxs_model_takes_times_and_events() {
    let eta = |row: &[f64]| 0.6 * row[0] - 0.5 * row[1];
    let data = Data::new(60, 3)
        .with("days", |i, row| (20.0 * (-eta(row)).exp() * (1.0 + (i % 5) as f64)).ceil())
        .with("died", |i, _| f64::from(u8::from(i % 3 > 0)));
    let folder = Folder::with("data.csv", data.csv());
    let fit = "path data.csv --family cox --time days --include x1,x2,x3 --n-lambdas 5";
    folder.succeeds(&format!("{fit} --event died --ties efron --out fit"));
    let model = folder.json("fit/model.json");
    assert!(model["objective"].as_str().unwrap().contains("ties by Efron"));
    assert!(model["path"][4]["relative_gap"].as_f64() <= Some(1e-6));
    folder.succeeds("check fit/model.json data.csv");
    folder.succeeds("predict fit/model.json data.csv");
    folder.refuses(1, &format!("{fit} --event died --strata nowhere"), &["nowhere", "--strata"]);
    folder.refuses(
        1,
        "fit data.csv -t x1 --strata x2 --lambda 1",
        &["--strata needs --family cox"],
    );
    let all = folder.succeeds(&format!("{fit} --json")).stdout;
    assert!(all.contains("Breslow"), "every time is an event");
    folder.refuses(
        1,
        "path data.csv --family cox --time days --event x1",
        &["row 1", "write 1 for yes and 0 for no"],
    );
    folder.refuses(
        1,
        "fit data.csv -t days --event died --lambda 1",
        &["--event needs --family cox"],
    );
    folder.refuses(1, "fit data.csv -t days --ties efron --lambda 1", &["--ties does not fit"]);
}

#[test]
fn an_offset_is_added_to_the_predictor() {
    let data = Data::new(60, 2)
        .with("exposure", |i, _| (1.0 + (i % 7) as f64).ln())
        .with("count", |i, row| ((1.0 + (i % 7) as f64) * (0.4 * row[0]).exp()).round());
    let folder = Folder::with("data.csv", data.csv());
    let fit = "fit data.csv --family poisson -t count --lambda 0.01 --include x1,x2,exposure";
    folder.refuses(1, &format!("{fit} --offset exposure"), &["--include and --offset"]);
    let fit = "fit data.csv --family poisson -t count --lambda 0.01 --offset exposure --out fit";
    folder.succeeds(fit);
    folder.succeeds("check fit/model.json data.csv");
    let model = folder.json("fit/model.json");
    assert!(model["objective"].as_str().unwrap().contains("η = offset + Xβ + b"));
    assert!(model["path"][0]["deviance_explained"].as_f64() > Some(0.5));
    let means = folder.succeeds("predict fit/model.json data.csv").stdout;
    let mean = |row: usize| -> f64 {
        means.lines().nth(row + 1).unwrap().split(',').nth(1).unwrap().parse().unwrap()
    };
    // The seventh row has seven times the exposure of the first.
    assert!(mean(6) > 2.0 * mean(0));
    folder.refuses(
        1,
        "fit data.csv -t count --weights count --lambda 1",
        &["--target and --weights"],
    );
}

#[test]
fn coefficients_keep_their_bounds() {
    let folder = data();
    let fit = format!("fit data.csv -t y {PREDICTORS} --lambda 0.001 --out fit");
    folder.succeeds(&format!("{fit} --lower=-0.2 --upper 0.1,a=0.25,c_*=0.3"));
    folder.succeeds("check fit/model.json data.csv");
    let model = folder.json("fit/model.json");
    let coefficients = model["path"][0]["coefficients"].as_object().unwrap();
    let of = |name: &str| coefficients[name].as_f64().unwrap();
    assert_eq!((of("a"), of("c_1")), (0.25, -0.2));
    assert!(of("c_3") <= 0.3);
    assert!(model["objective"].as_str().unwrap().ends_with("β within their bounds"));
    folder.refuses(1, &format!("{fit} --lower 0.5"), &["\"a\"", "--lower must be at most 0"]);
    folder.refuses(1, &format!("{fit} --upper nothing=1"), &["nothing", "--upper"]);
    folder.refuses(1, &format!("{fit} --upper many"), &["COLUMN=NUMBER"]);
}

#[test]
fn labels_are_as_good_as_their_indicators() {
    let data = Data::new(60, 3).with("y", |i, row| row[0] + [0.5, -1.0, 2.0][i % 3] + 0.1 * row[1]);
    let csv = data.csv();
    let with = |header: &str, of_row: &dyn Fn(usize) -> String| -> String {
        let line = |(i, line): (usize, &str)| match i {
            0 => format!("{line},{header}\n"),
            _ => format!("{line},{}\n", of_row(i - 1)),
        };
        csv.lines().enumerate().map(line).collect()
    };
    let folder = Folder::with("text.csv", with("kind", &|i| ["a", "b", "c"][i % 3].to_owned()));
    let indicators = |i: usize| ["1,0,0", "0,1,0", "0,0,1"][i % 3].to_owned();
    folder.write("numbers.csv", with("kind=a,kind=b,kind=c", &indicators));
    for options in ["", "--family huber --penalty mcp", "--no-standardize --l1-ratio 0.5"] {
        let fit = |file: &str| {
            folder.succeeds(&format!("path {file}.csv -t y --n-lambdas 5 {options} --out {file}"));
            folder.json(&format!("{file}/model.json"))["path"].clone()
        };
        let (text, numbers) = (fit("text"), fit("numbers"));
        for (text, numbers) in text.as_array().unwrap().iter().zip(numbers.as_array().unwrap()) {
            assert_eq!(text["converged"], true);
            common::assert_close(
                text["objective"].as_f64().unwrap(),
                numbers["objective"].as_f64().unwrap(),
                1e-9,
            );
        }
    }
}

#[test]
fn starts_are_for_penalties_that_are_not_convex() {
    let folder = data();
    let path = format!("path data.csv -t y {PREDICTORS} --n-lambdas 8 --lambda-min-ratio 0.01");
    for start in ["best", "previous", "convex", "dense-to-sparse"] {
        folder.succeeds(&format!("{path} --penalty mcp --start {start} --out {start}"));
        let model = folder.json(&format!("{start}/model.json"));
        assert_eq!(
            model["start"].as_str().map(|name| name.replace('_', "-")).as_deref(),
            Some(start)
        );
        let lambdas = common::numbers(&model["path"], "lambda");
        assert!(lambdas.is_sorted_by(|a, b| a > b), "{lambdas:?}");
        folder.succeeds(&format!("check {start}/model.json data.csv"));
    }
    folder.succeeds(&format!("{path} --penalty mcp --out none"));
    assert_eq!(folder.json("none/model.json")["start"], "best");
    folder.refuses(1, &format!("{path} --start previous"), &["--start", "not convex"]);
    folder.refuses(2, &format!("{path} --penalty mcp --start warm"), &["warm"]);
}
