//! Ctrl-C keeps what is done.

#![cfg(unix)]

mod common;

use std::process::{Command, Stdio};
use std::time::Duration;

use common::{CHAMFER, Data, Folder, Run};

const PATH: &str = "path data.csv --target target --out out --n-lambdas 20000 --tol 1e-12";
const STABILITY: &str =
    "stability data.csv --target target --out out --pairs 5000 --n-lambdas 30 --threads 1";

/// Runs a command in `folder` and interrupts it after `patience`.
fn interrupted_after(folder: &Folder, line: &str, patience: Duration) -> Run {
    let mut command = Command::new(CHAMFER);
    command.args(line.split(' ')).current_dir(folder.path());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(patience);
    let signal = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    Run::new(&child.wait_with_output().unwrap())
}

#[test]
fn an_interrupted_path_keeps_what_is_done() {
    let folder = Folder::with("data.csv", Data::new(200, 800).csv());
    for seconds in [1.5, 5.0, 15.0, 45.0] {
        let run = interrupted_after(&folder, PATH, Duration::from_secs_f64(seconds));
        if run.code != Some(130) {
            // It was stopped before the first λ: it says so and leaves nothing.
            assert!(matches!(run.code, None | Some(1)), "{run:#?}");
            assert!(run.code.is_none() || run.stderr.contains("before the first"), "{run:#?}");
            assert!(run.code.is_none() || !folder.exists("out"));
            continue;
        }
        let model = folder.json("out/model.json");
        let done = model["path"].as_array().unwrap().len();
        assert!((1..20_000).contains(&done));
        assert_eq!(model["interrupted"], true);
        let said = run.stderr.replace(',', "");
        assert!(said.contains(&format!("{done} of 20000 lambdas are done")), "{}", run.stderr);
        assert_eq!(folder.read("out/path.csv").lines().count(), done + 1);
        for file in ["out/path.svg", "out/path.png"] {
            assert!(folder.exists(file));
        }
        folder.succeeds("check out/model.json data.csv");
        return;
    }
    panic!("the first lambda was never done");
}

#[test]
fn an_interrupted_stability_selection_keeps_the_pairs_that_are_done() {
    let folder = Folder::with("data.csv", Data::new(200, 100).csv());
    for seconds in [1.5, 5.0, 15.0, 45.0] {
        let run = interrupted_after(&folder, STABILITY, Duration::from_secs_f64(seconds));
        if run.code != Some(130) {
            assert!(matches!(run.code, None | Some(1)), "{run:#?}");
            assert!(run.code.is_none() || run.stderr.contains("before the first pair"), "{run:#?}");
            assert!(run.code.is_none() || !folder.exists("out"));
            continue;
        }
        assert!(run.stderr.contains("of 5,000 pairs of halves are done"), "{}", run.stderr);
        assert_eq!(folder.read("out/stability.csv").lines().count(), 101);
        for file in ["out/stability.svg", "out/stability.png"] {
            assert!(folder.exists(file));
        }
        return;
    }
    panic!("the first pair was never done");
}
