//! The same data in every format gives the same fit.

mod common;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use common::{Data, Folder, Noise, assert_close, coefficients, numbers};
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn svmlight(data: &Data) -> String {
    let line = |row: &Vec<f64>| {
        let (target, values) = row.split_last().unwrap();
        let nonzero = values.iter().enumerate().filter(|(_, value)| **value != 0.0);
        let pairs: Vec<String> = nonzero.map(|(j, value)| format!("{}:{value}", j + 1)).collect();
        format!("{target} {}\n", pairs.join(" "))
    };
    data.rows.iter().map(line).collect()
}

fn write_binary(folder: &Path, data: &Data) {
    let columns = data.names.iter().enumerate().map(|(j, name)| {
        let values: ArrayRef = Arc::new(Float64Array::from(data.column(j)));
        (name, values)
    });
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let create = |name: &str| File::create(folder.join(name)).unwrap();
    let mut parquet = ArrowWriter::try_new(create("data.parquet"), batch.schema(), None).unwrap();
    parquet.write(&batch).unwrap();
    parquet.close().unwrap();
    let mut arrow = FileWriter::try_new(create("data.arrow"), &batch.schema()).unwrap();
    arrow.write(&batch).unwrap();
    arrow.finish().unwrap();
    let mut stream = StreamWriter::try_new(create("stream.arrow"), &batch.schema()).unwrap();
    stream.write(&batch).unwrap();
    stream.finish().unwrap();
}

#[test]
fn every_format_gives_the_same_fit() {
    let data = Data::new(40, 6).with("x7", |i, _| if i % 5 == 0 { 1.0 } else { 0.0 });
    // The target stands last, as svmlight has it apart.
    let data = Data {
        names: [&data.names[..6], &["x7".to_owned(), "target".to_owned()]].concat(),
        rows: data.rows.iter().map(|row| [&row[..6], &[row[7], row[6]]].concat()).collect(),
    };
    let folder = Folder::with("data.csv", data.csv());
    folder.write("data.csv.gz", gzipped(&data.csv()));
    folder.write("data.tsv", data.text("\t"));
    folder.write("semicolons.csv", data.text(";"));
    folder.write("unnamed", data.csv());
    folder.write("data.svm", svmlight(&data));
    folder.write("data.svm.gz", gzipped(&svmlight(&data)));
    write_binary(folder.path(), &data);

    let fit = |file: &str| {
        let line = format!("path {file} --json --tol 1e-13 --lambdas 1,0.3,0.1,0.01");
        folder.succeeds(&line).json()["path"].clone()
    };
    let expected = fit("data.csv --target target");
    let files = [
        "data.csv.gz -t target",
        "data.tsv -t target",
        "semicolons.csv -t target --delimiter ;",
        "unnamed -t target --format csv",
        "data.parquet -t target",
        "data.arrow -t target",
        "stream.arrow -t target",
        "data.svm",
        "data.svm --target target",
        "data.svm.gz",
    ];
    for file in files {
        let found = fit(file);
        let pairs = numbers(&found, "objective").into_iter().zip(numbers(&expected, "objective"));
        pairs.for_each(|(a, b)| assert_close(a, b, 1e-12));
        for (a, b) in found.as_array().unwrap().iter().zip(expected.as_array().unwrap()) {
            let (a, b) = (coefficients(a), coefficients(b));
            assert!(a.keys().eq(b.keys()), "{file}: {a:?} {b:?}");
            a.values().zip(b.values()).for_each(|(&a, &b)| assert_close(a, b, 1e-8));
        }
    }
}

#[test]
fn a_model_of_svmlight_predicts_svmlight() {
    let folder = Folder::with("data.svm", svmlight(&Data::new(30, 5)));
    folder.succeeds("fit data.svm --lambda 0.1 --out out");
    folder.succeeds("check out/model.json data.svm");
    let (_, rows) = folder.succeeds("predict out/model.json data.svm").csv();
    assert_eq!(rows.len(), 30);
}

#[test]
fn ten_thousand_quoted_names_survive() {
    const N_COLUMNS: usize = 10_000;
    let kinds = ["plain", "with, comma", "with \"quotes\"", "größe 身長 😀", "a = b; c", "*?"];
    let mut noise = Noise(1);
    let mut names: Vec<String> =
        (0..N_COLUMNS).map(|j| format!("{} {j}", kinds[j % kinds.len()])).collect();
    names.push("die \"Größe\", y".to_owned());
    let folder = Folder::new();
    let mut writer = csv::Writer::from_path(folder.path().join("wide.csv")).unwrap();
    writer.write_record(&names).unwrap();
    let mut rows = Vec::new();
    for _ in 0..12 {
        let mut row: Vec<f64> = (0..N_COLUMNS).map(|_| noise.next()).collect();
        row.push(row[1] + row[2] + row[3]);
        writer.write_record(row.iter().map(f64::to_string)).unwrap();
        rows.push(row);
    }
    writer.flush().unwrap();
    let target = names.last().unwrap().as_str();
    let args = ["fit", "wide.csv", "--target", target, "--lambda", "0.05", "--out", "out"];
    folder.run_with(&args).ends_with_code(0);

    let model = folder.json("out/model.json");
    let columns = model["encoding"]["predictors"]["columns"].as_array().unwrap();
    assert!(columns.iter().map(|column| column["name"].as_str().unwrap()).eq(&names[..N_COLUMNS]));
    let fit = &model["path"][0];
    let position: BTreeMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
    let coefficients = coefficients(fit);
    assert!(!coefficients.is_empty());
    let predictions = folder.succeeds("predict out/model.json wide.csv").csv().1;
    for (found, row) in predictions.iter().zip(&rows) {
        let effects = coefficients.iter().map(|(name, beta)| beta * row[position[name.as_str()]]);
        assert_close(found[1], fit["intercept"].as_f64().unwrap() + effects.sum::<f64>(), 1e-12);
    }
    folder.succeeds("check out/model.json wide.csv");
}
