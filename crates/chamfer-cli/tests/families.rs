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
    refused("--family binomial", &["row 1", "\"y\"", "0 or 1", "--family"]);
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
