//! Files that are read anew for each pass, through the command: the same results as in memory.

mod common;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use common::{CHAMFER, Folder, Noise, Run, assert_close, coefficients, numbers};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

const N: usize = 1500;

/// Numbers of several types, labels, and two targets; some values are missing where `gaps`.
fn batch(gaps: bool) -> RecordBatch {
    let mut noise = Noise(5);
    let mut column = |every: usize| -> Vec<Option<f64>> {
        let gap = |row: usize| gaps && row % every == 2;
        (0..N).map(|row| Some(noise.next()).filter(|_| !gap(row))).collect()
    };
    let x: Vec<Vec<Option<f64>>> = (0..8).map(|j| column(101 + j)).collect();
    let of = |j: usize, row: usize| x[j][row].unwrap_or(0.0);
    let city = |row: usize| ["Oslo", "Wien", "Genf"][(row * row / 7) % 3];
    let mut error = column(usize::MAX).into_iter().map(Option::unwrap_or_default);
    let eta: Vec<f64> = (0..N)
        .map(|row| {
            let of_city = if city(row) == "Wien" { 1.5 } else { 0.0 };
            1.5 * of(0, row) - of(2, row) + 0.5 * of(5, row) + of_city + error.next().unwrap()
        })
        .collect();
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (j, values) in x.iter().enumerate() {
        #[expect(clippy::cast_possible_truncation, reason = "three decimals")]
        let values: ArrayRef = match j % 3 {
            0 => Arc::new(Float64Array::from(values.clone())),
            1 => Arc::new(values.iter().map(|x| x.map(|x| x as f32)).collect::<Float32Array>()),
            _ => Arc::new(
                values.iter().map(|x| x.map(|x| (x * 1000.0) as i32)).collect::<Int32Array>(),
            ),
        };
        columns.push((format!("g{}_{j}", j / 3), values));
    }
    let cities = (0..N).map(|row| (!gaps || row % 97 > 0).then(|| city(row)));
    columns.push(("city".to_owned(), Arc::new(cities.collect::<StringArray>())));
    let yes = eta.iter().map(|eta| Some(f64::from(u8::from(*eta > 0.5))));
    columns.push(("yes".to_owned(), Arc::new(yes.collect::<Float64Array>())));
    columns.push(("y".to_owned(), Arc::new(Float64Array::from(eta))));
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

/// `data.parquet` with several row groups, `data.arrow` with several batches.
fn write(folder: &Path, batch: &RecordBatch) {
    let create = |name: &str| File::create(folder.join(name)).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(700)).build();
    let mut parquet =
        ArrowWriter::try_new(create("data.parquet"), batch.schema(), Some(properties)).unwrap();
    parquet.write(batch).unwrap();
    parquet.close().unwrap();
    let mut arrow = FileWriter::try_new(create("data.arrow"), &batch.schema()).unwrap();
    for first in (0..N).step_by(800) {
        arrow.write(&batch.slice(first, 800.min(N - first))).unwrap();
    }
    arrow.finish().unwrap();
}

fn folder(gaps: bool) -> Folder {
    let folder = Folder::new();
    write(folder.path(), &batch(gaps));
    folder
}

/// Objectives and coefficients of two paths are the same.
#[track_caller]
fn assert_same_path(a: &serde_json::Value, b: &serde_json::Value) {
    for name in ["lambda", "objective", "deviance_explained"] {
        let pairs = numbers(a, name).into_iter().zip(numbers(b, name));
        pairs
            .for_each(|(a, b)| assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()), "{name}: {a} {b}"));
    }
    for (a, b) in a.as_array().unwrap().iter().zip(b.as_array().unwrap()) {
        assert_eq!(a["converged"], true);
        assert_eq!(b["converged"], true);
        let (a, b) = (coefficients(a), coefficients(b));
        assert!(a.keys().eq(b.keys()), "{a:?} {b:?}");
        a.values().zip(b.values()).for_each(|(&a, &b)| assert_close(a, b, 1e-6));
    }
}

#[test]
fn paths_are_those_of_data_in_memory() {
    let gaussian = "-t y --exclude yes --n-lambdas 6";
    let binomial = "-t yes --exclude y --family binomial --penalty group --groups _ --n-lambdas 4 \
         --lambda-min-ratio 0.01";
    for (gaps, missing) in [(false, "refuse"), (true, "mean"), (true, "drop")] {
        let folder = folder(gaps);
        for options in [gaussian, binomial] {
            let mut groups: Vec<String> = (0..8).map(|j| format!("g{0}_{j},g{0}", j / 3)).collect();
            groups.push("city,city\n".to_owned());
            folder.write("groups.csv", groups.join("\n"));
            let options = options.replace("--groups _", "--groups groups.csv");
            let options = format!("{options} --tol 1e-9 --missing {missing} --json");
            let memory = folder.succeeds(&format!("path data.parquet {options} --out memory"));
            for (file, memory_size) in [("data.parquet", "200KB"), ("data.arrow", "40KB")] {
                let line = format!("path {file} {options} --stream --memory {memory_size} --out s");
                let streamed = folder.succeeds(&line);
                assert_same_path(&streamed.json()["path"], &memory.json()["path"]);
                let encoding = |name: &str| folder.json(name)["encoding"].clone();
                assert_eq!(encoding("s/model.json"), encoding("memory/model.json"));

                let checked =
                    folder.succeeds(&format!("check s/model.json {file} --stream --json"));
                assert_same_path(&checked.json()["path"], &memory.json()["path"]);
                let predict = |file: &str| folder.succeeds(&format!("predict s/model.json {file}"));
                let (streamed, memory) =
                    (predict(&format!("{file} --stream")), predict("data.parquet"));
                assert_eq!(streamed.stderr, memory.stderr);
                assert_eq!(streamed.csv(), memory.csv());
                folder.succeeds(&format!("predict s/model.json {file} --stream --out p.csv"));
                assert_eq!(folder.read("p.csv"), memory.stdout);
            }
        }
    }
}

#[test]
fn classes_and_several_targets_are_those_of_data_in_memory() {
    let folder = folder(false);
    for (options, predict) in [
        ("-t city --exclude y,yes --family multinomial", "--class"),
        ("-t city --exclude y,yes --family multinomial", ""),
        ("-t y,yes", ""),
    ] {
        let options = format!("{options} --n-lambdas 3 --lambda-min-ratio 0.05 --json");
        let memory = folder.succeeds(&format!("path data.parquet {options} --out memory"));
        let line = format!("path data.arrow {options} --stream --memory 100KB --out s");
        let streamed = folder.succeeds(&line);
        for name in ["lambda", "objective", "deviance_explained"] {
            let of = |run: &Run| numbers(&run.json()["path"], name);
            of(&streamed).into_iter().zip(of(&memory)).for_each(|(a, b)| {
                assert!((a - b).abs() <= 1e-6 * (1.0 + a.abs()), "{name}: {a} {b}");
            });
        }
        let predict = format!("predict s/model.json data.parquet {predict}");
        let streamed = folder.succeeds(&format!("{predict} --stream"));
        assert_eq!(streamed.stdout, folder.succeeds(&predict).stdout);
    }
}

#[test]
fn cross_validation_is_that_of_data_in_memory() {
    let folder = folder(false);
    let options = "-t y --exclude yes --n-lambdas 8 --folds 3 --tol 1e-9 --json";
    let memory = folder.succeeds(&format!("cv data.parquet {options}")).json();
    for threads in [1, 3] {
        let line = format!("cv data.parquet {options} --stream --memory 100KB --threads {threads}");
        let streamed = folder.succeeds(&line).json();
        assert_same_path(&streamed["path"], &memory["path"]);
        for name in ["mean", "standard_error"] {
            let of = |json: &serde_json::Value| -> Vec<f64> {
                serde_json::from_value(json["cv"][name].clone()).unwrap()
            };
            of(&streamed).into_iter().zip(of(&memory)).for_each(|(a, b)| assert_close(a, b, 1e-7));
        }
        let best = |json: &serde_json::Value| json["cv"]["lambda_best"].as_f64().unwrap();
        assert_close(best(&streamed), best(&memory), 1e-9);
    }
}

#[test]
fn refits_adaptive_penalties_and_stability_are_those_of_data_in_memory() {
    let folder = folder(false);
    let data = "data.parquet -t y --exclude yes --json --tol 1e-9";
    let path = "--n-lambdas 4 --lambda-min-ratio 0.05";
    for line in [
        format!("path {data} {path} --relax"),
        format!("path {data} {path} --adaptive"),
        format!("stability {data} {path} --pairs 3"),
    ] {
        let memory = folder.succeeds(&line).stdout;
        let streamed = folder.succeeds(&format!("{line} --stream --memory 60KB")).stdout;
        let (memory, streamed) = (numbers_in(&memory), numbers_in(&streamed));
        assert_eq!(memory.len(), streamed.len(), "{line}");
        for (a, b) in memory.into_iter().zip(streamed) {
            assert!((a - b).abs() <= 1e-6 * (1.0 + a.abs()), "{line}: {a} {b}");
        }
    }
}

/// All numbers in a report but times, gaps and counts of steps.
fn numbers_in(report: &str) -> Vec<f64> {
    fn visit(value: &serde_json::Value, found: &mut Vec<f64>) {
        match value {
            serde_json::Value::Number(number) => found.extend(number.as_f64()),
            serde_json::Value::Array(values) => values.iter().for_each(|v| visit(v, found)),
            serde_json::Value::Object(members) => {
                let varies = ["seconds", "newton_steps", "relative_gap", "relative_stationarity"];
                let members = members.iter().filter(|(name, _)| !varies.contains(&name.as_str()));
                members.for_each(|(_, value)| visit(value, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    visit(&serde_json::from_str(report).unwrap(), &mut found);
    found
}

#[test]
fn results_do_not_depend_on_threads_or_memory() {
    let folder = folder(false);
    let run = |more: &str| {
        let line = format!(
            "path data.parquet -t y --exclude yes,city --n-lambdas 8 --stream {more} --json"
        );
        let mut json = folder.succeeds(&line).json();
        for point in json["path"].as_array_mut().unwrap() {
            point.as_object_mut().unwrap().remove("seconds");
        }
        json
    };
    let expected = run("--threads 1");
    for more in ["--threads 4", "--threads 2 --memory 30KB", "--memory 150KB"] {
        assert!(run(more) == expected, "{more}");
    }
}

#[test]
fn what_is_too_large_is_streamed() {
    let folder = folder(false);
    let line = "fit data.parquet -t y --exclude yes --lambda 0.1";
    let in_memory = folder.succeeds(line).stderr;
    assert!(!in_memory.contains("--memory"), "{in_memory}");
    assert!(!folder.succeeds(&format!("{line} --memory 1GB")).stderr.contains("--memory"));
    let streamed = folder.succeeds(&format!("{line} --memory 0.1MB")).stderr;
    assert!(streamed.contains("it is read anew for each pass over the data"), "{streamed}");
}

#[test]
fn what_cannot_be_streamed_is_refused() {
    let folder = Folder::with("data.csv", "x,y\n1,2\n2,3\n3,5\n");
    folder.write("data.svm", "1 1:2\n2 1:3\n");
    let batch = batch(true);
    write(folder.path(), &batch);
    let file = File::create(folder.path().join("stream.arrow")).unwrap();
    let mut stream = StreamWriter::try_new(file, &batch.schema()).unwrap();
    stream.write(&batch).unwrap();
    stream.finish().unwrap();
    let whole = folder.bytes("data.parquet");
    folder.write("short.parquet", &whole[..whole.len() / 2]);
    let arrow = folder.bytes("data.arrow");
    folder.write("short.arrow", &arrow[..arrow.len() / 2]);
    let cases: [(&str, &[&str]); 8] = [
        (
            "data.csv -t y --stream",
            &[
                "a csv file cannot be streamed",
                "polars.scan_csv('data.csv').sink_parquet('data.parquet')",
            ],
        ),
        ("data.csv -t y --memory 1GB", &["a csv file cannot be streamed"]),
        ("data.svm --stream", &["a svmlight file cannot be streamed"]),
        ("stream.arrow -t y --stream", &["this is an Arrow stream", "Parquet"]),
        ("short.parquet -t y --stream", &["short.parquet: this cannot be read as parquet"]),
        ("short.arrow -t y --stream", &["short.arrow: this cannot be read as arrow"]),
        (
            "data.parquet -t y --stream",
            &["row 3, column \"g0_0\": the value is missing (", "--missing mean"],
        ),
        ("nothing.parquet -t y --stream", &["there is no such file"]),
    ];
    for (line, parts) in cases {
        folder.refuses(1, &format!("path {line} --out out"), parts);
    }
    folder.refuses(2, "path data.parquet -t y --memory much", &["512MB or 2GB"]);
    folder.refuses(2, "path data.parquet -t y --memory 0", &["512MB or 2GB"]);
}

#[test]
fn predictions_are_whole_or_not_there() {
    let training = folder(false);
    training.succeeds("fit data.parquet -t y --exclude yes --lambda 0.01 --out out");
    write(training.path(), &batch(true));
    let memory = training.run("predict out/model.json data.parquet --out p.csv");
    let streamed = training.run("predict out/model.json data.parquet --stream --out p.csv");
    assert_eq!((streamed.code, streamed.stderr), (Some(1), memory.stderr));
    assert!(!training.exists("p.csv"));
}

/// Runs a path that takes long, and does something to its file when that was looked through once.
fn disturbed(folder: &Folder, disturb: impl FnOnce()) -> Run {
    let data = "path data.parquet -t yes --exclude y --stream --memory 30KB";
    let model = "--family binomial --n-lambdas 5000 --lambda-min-ratio 0.001 --tol 1e-9 --out out";
    let mut child = Command::new(CHAMFER)
        .args(data.split(' ').chain(model.split(' ')))
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert!(said.starts_with("note: text columns coded"), "{said}");
    disturb();
    stderr.read_to_string(&mut said).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = said.into_bytes();
    Run::new(&output)
}

#[test]
fn a_file_that_changes_meanwhile_is_an_error() {
    let folder = folder(false);
    let path = folder.path().join("data.parquet");
    let bytes = fs::read(&path).unwrap();
    let parts = ["data.parquet: the file changed while it was being read", "run again"];
    disturbed(&folder, || fs::write(&path, &bytes[..bytes.len() / 2]).unwrap())
        .is_refusal(1, &parts);

    fs::write(&path, &bytes).unwrap();
    let other = folder.path().join("other");
    fs::write(&other, &bytes).unwrap();
    disturbed(&folder, || fs::rename(&other, &path).unwrap()).is_refusal(1, &parts);
    assert!(!folder.exists("out"));
}

#[test]
fn selection_is_that_of_data_in_memory() {
    let folder = folder(false);
    let cv = "cv data.parquet -t y --exclude yes --n-lambdas 4 --lambda-min-ratio 0.05 --tol 1e-9 --folds 3 \
              --adaptive --relax --json";
    let memory = folder.succeeds(cv).json();
    let streamed = folder.succeeds(&format!("{cv} --stream --memory 200KB")).json();
    assert_same_path(&streamed["path"], &memory["path"]);
    for name in ["lambda_best", "gamma_best"] {
        let of = |run: &serde_json::Value| run["cv"]["relaxed"][name].as_f64().unwrap();
        assert_close(of(&streamed), of(&memory), 1e-9);
    }
    let stability = "stability data.parquet -t y --exclude yes --pairs 2 --n-lambdas 4 --json";
    let memory = folder.succeeds(stability).json();
    let streamed = folder.succeeds(&format!("{stability} --stream --memory 200KB")).json();
    assert_eq!(streamed["selected"], memory["selected"]);
}
