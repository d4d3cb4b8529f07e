//! Runs that are interrupted go on to the same result.

mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{CHAMFER, Data, Folder, Run};
use serde_json::Value;

const CHECKPOINT: &str = "out/checkpoint";

/// 150 rows of 120 predictors with responses of several kinds.
fn data() -> Folder {
    let eta = |row: &[f64]| 1.5 * row[0] - row[7] + 0.5 * row[30];
    let noise = |i: usize| ((i * 37) % 11) as f64 / 8.0;
    let data = Data::new(150, 120)
        .with("yes", |i, row| f64::from(u8::from(eta(row) + noise(i) > 0.7)))
        .with("days", |i, row| ((1.0 + (i % 7) as f64) * (-eta(row) / 2.0).exp()).ceil())
        .with("died", |i, _| f64::from(u8::from(i % 4 > 0)));
    let groups: Vec<String> = (1..=120).map(|j| format!("x{j},g{}\n", j / 4)).collect();
    let folder = Folder::with("data.csv", data.csv());
    folder.write("groups.csv", format!("column,group\n{}", groups.concat()));
    folder
}

/// Starts the command; its table is not read, and must not fill a pipe.
fn spawn(folder: &Folder, args: &[&str]) -> Child {
    let mut command = Command::new(CHAMFER);
    command.args(args).current_dir(folder.path());
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs `line` with more and more λs until `end` has ended it, with a checkpoint of what was done; returns
/// the whole line, and the run.
fn interrupted(folder: &Folder, line: &str, end: impl Fn(&mut Child)) -> (String, Run) {
    let mut n_lambdas = 100;
    loop {
        let line = format!("{line} --n-lambdas {n_lambdas}");
        let with_out = format!("{line} --out out");
        let mut child = spawn(folder, &with_out.split_whitespace().collect::<Vec<_>>());
        let checkpoint = folder.path().join(CHECKPOINT);
        while !has_part(&checkpoint) && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        end(&mut child);
        let run = Run::new(&child.wait_with_output().unwrap());
        if checkpoint.exists() {
            return (line, run);
        }
        // It had ended before.
        assert_eq!(run.code, Some(0), "{run:#?}");
        std::fs::remove_dir_all(folder.path().join("out")).unwrap();
        assert!(n_lambdas < 100_000);
        n_lambdas *= 2;
    }
}

fn has_part(checkpoint: &Path) -> bool {
    std::fs::read_to_string(checkpoint).is_ok_and(|text| text.lines().count() > 1)
}

fn kill(child: &mut Child) {
    let _ = child.kill();
}

/// What a run wrote, without the seconds that it took.
fn results(folder: &Folder, out: &str) -> (Value, Vec<String>, Option<String>) {
    let mut model = folder.json(&format!("{out}/model.json"));
    for fit in model["path"].as_array_mut().unwrap() {
        fit.as_object_mut().unwrap().remove("seconds");
    }
    let table = folder.read(&format!("{out}/path.csv"));
    let rows = table.lines().map(|row| row.rsplit_once(',').unwrap().0.to_owned()).collect();
    let cv = format!("{out}/cv.csv");
    (model, rows, folder.exists(&cv).then(|| folder.read(&cv)))
}

/// Kills `line` in the middle, continues it on one thread, and compares with what was not interrupted, on two.
fn goes_on_to_the_same_result(line: &str) {
    let folder = data();
    let (line, _) = interrupted(&folder, line, kill);
    assert!(!folder.exists("out/model.json"));
    let run = folder.run(&format!("{line} --out out --threads 1 --resume"));
    assert!(run.stderr.contains("going on after"), "{run:#?}");
    assert!(!folder.exists(CHECKPOINT));
    folder.run(&format!("{line} --out whole --threads 2")).ends_with_code(run.code.unwrap());
    assert!(matches!(run.code, Some(0 | 3)), "{run:#?}");
    // serde_json keeps every bit of a number.
    assert_eq!(results(&folder, "out"), results(&folder, "whole"), "{line}");
    for picture in ["path.svg", "path.png"] {
        assert_eq!(
            folder.bytes(&format!("out/{picture}")),
            folder.bytes(&format!("whole/{picture}"))
        );
    }
}

const LASSO: &str =
    "data.csv -t target --exclude yes,days,died --tol 1e-9 --lambda-min-ratio 0.002";
const GROUPS: &str = "data.csv -t yes --exclude target,days,died --family binomial --penalty group \
                      --groups groups.csv --lambda-min-ratio 0.1";
const MCP: &str =
    "data.csv -t target --exclude yes,days,died --penalty mcp --lambda-min-ratio 0.05";
const COX: &str = "data.csv --time days --event died --exclude target,yes --family cox \
                   --lambda-min-ratio 0.2";

#[test]
fn a_killed_path_of_the_lasso_goes_on() {
    goes_on_to_the_same_result(&format!("path {LASSO}"));
}

#[test]
fn a_killed_adaptive_path_with_refits_goes_on() {
    goes_on_to_the_same_result(&format!("path {LASSO} --adaptive --relax"));
}

#[test]
fn a_killed_path_of_groups_goes_on() {
    goes_on_to_the_same_result(&format!("path {GROUPS}"));
}

#[test]
fn a_killed_path_of_mcp_goes_on() {
    goes_on_to_the_same_result(&format!("path {MCP}"));
}

#[test]
fn a_killed_path_from_dense_to_sparse_goes_on() {
    goes_on_to_the_same_result(&format!("path {MCP} --start dense-to-sparse"));
}

#[test]
fn a_killed_path_of_cox_goes_on() {
    goes_on_to_the_same_result(&format!("path {COX}"));
}

#[test]
fn a_killed_cross_validation_of_the_lasso_goes_on() {
    goes_on_to_the_same_result(&format!("cv {LASSO} --folds 2"));
}

#[test]
fn a_killed_cross_validation_of_groups_goes_on() {
    goes_on_to_the_same_result(&format!("cv {GROUPS} --folds 2 --metric auc"));
}

#[test]
fn a_killed_cross_validation_of_mcp_goes_on() {
    goes_on_to_the_same_result(&format!("cv {MCP} --folds 2 --start dense-to-sparse"));
}

#[test]
fn a_killed_cross_validation_of_cox_goes_on() {
    goes_on_to_the_same_result(&format!("cv {COX} --folds 2"));
}

#[cfg(unix)]
#[test]
fn signals_keep_what_is_done_and_say_how_to_go_on() {
    for signal in ["-INT", "-TERM"] {
        let folder = data();
        let (line, run) = interrupted(&folder, &format!("path {LASSO}"), |child| {
            let id = child.id().to_string();
            Command::new("kill").args([signal, &id]).output().unwrap();
        });
        assert_eq!(run.code, Some(130), "{run:#?}");
        assert!(run.stderr.contains("they were written"), "{run:#?}");
        assert!(run.stderr.contains("the same command with --resume"), "{run:#?}");
        assert_eq!(folder.json("out/model.json")["interrupted"], true);
        let resumed = folder.run(&format!("{line} --out out --resume --json"));
        let printed = resumed.json();
        assert_eq!(printed["interrupted"], false);
        folder.run(&format!("{line} --out whole"));
        assert_eq!(results(&folder, "out"), results(&folder, "whole"));
        let lambdas = printed["path"].as_array().unwrap().len();
        assert_eq!(lambdas, folder.json("whole/model.json")["path"].as_array().unwrap().len());
    }
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let folder = data();
    let (line, _) = interrupted(&folder, &format!("path {LASSO}"), kill);
    let resume = |line: &str| format!("{line} --out out --resume");
    let refuses = |line: &str, parts: &[&str]| folder.refuses(1, &resume(line), parts);
    refuses(
        &line.replace("1e-9", "1e-8"),
        &["--tol was 1e-9 and is 1e-8 now", "leave out --resume"],
    );
    refuses(&format!("{line} --no-intercept"), &["--no-intercept was false and is true now"]);
    refuses(&line.replace("path", "cv"), &["chamfer path"]);
    refuses(&format!("{line} --unpenalized x5"), &["--unpenalized was not given"]);
    let text = folder.read("data.csv");
    let last = text.trim_end().chars().last().unwrap();
    let changed = format!("{}{}\n", &text[..text.len() - 2], if last == '1' { '0' } else { '1' });
    folder.write("data.csv", changed);
    refuses(&line, &["data.csv has other contents now"]);
    folder.write("data.csv", format!("{text}{}\n", text.lines().last().unwrap()));
    refuses(&line, &["data.csv had", "bytes and has"]);
    folder.write("data.csv", text);
}

#[test]
fn a_damaged_checkpoint_is_used_up_to_the_damage() {
    let folder = data();
    let (line, _) = interrupted(&folder, &format!("path {LASSO}"), kill);
    let resume = format!("{line} --out out --resume");
    let whole = folder.bytes(CHECKPOINT);
    folder.succeeds(&format!("{line} --out whole"));
    let (cut, mut changed) = (whole[..whole.len() - 7].to_vec(), whole.clone());
    let middle = whole.len() / 2;
    changed[middle] = if whole[middle] == b'1' { b'2' } else { b'1' };
    for damaged in [cut, changed] {
        folder.write(CHECKPOINT, damaged);
        assert!(folder.succeeds(&resume).stderr.contains("going on after"));
        assert!(!folder.exists(CHECKPOINT));
        assert_eq!(results(&folder, "out"), results(&folder, "whole"));
    }
    let refuses = |parts: &[&str]| folder.refuses(1, &resume, parts);
    let line_of =
        |json: &str| format!("{:016x} {json}\n", twox_hash::XxHash64::oneshot(0, json.as_bytes()));
    let head = |version| format!("{{\"schema\":\"chamfer-checkpoint\",\"version\":{version}}}");
    for (contents, part) in [
        ("{}\n".to_owned(), "no checkpoint"),
        (head(1) + "\n", "no checkpoint"),
        (line_of(&head(999)), "no checkpoint of this version"),
        (line_of(&head(1)), "damaged"),
        ("\0\n".to_owned(), "no checkpoint"),
    ] {
        folder.write(CHECKPOINT, contents);
        refuses(&[part]);
    }
}

#[test]
fn resuming_without_a_checkpoint_begins_at_the_beginning() {
    let folder = Folder::with("data.csv", Data::new(30, 5).csv());
    let line = "path data.csv -t target --n-lambdas 12";
    let run = folder.succeeds(&format!("{line} --out out --resume"));
    assert!(run.stderr.contains("out has no checkpoint"), "{run:#?}");
    folder.succeeds(&format!("{line} --out whole"));
    assert_eq!(results(&folder, "out"), results(&folder, "whole"));
    folder.refuses(2, &format!("{line} --resume"), &["required arguments"]);
    folder.refuses(2, "fit data.csv -t target --lambda 1 --out out --resume", &["--resume"]);
}

#[test]
fn a_checkpoint_that_cannot_be_written_does_not_end_the_run() {
    let folder = data();
    std::fs::create_dir_all(folder.path().join(CHECKPOINT)).unwrap();
    let mut n_lambdas = 400;
    loop {
        let run = folder.run(&format!("path {LASSO} --n-lambdas {n_lambdas} --out out"));
        let warnings = run.stderr.matches("cannot be kept for --resume").count();
        assert!(warnings <= 1 && folder.exists("out/model.json"), "{run:#?}");
        if warnings == 1 {
            break;
        }
        // It was too short to need one.
        assert!(n_lambdas < 100_000);
        n_lambdas *= 2;
    }
}
