//! Reading Parquet and Arrow files.

use std::fs::File;
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array,
    Int32Array, LargeStringArray, NullArray, RecordBatch, StringArray, StringViewArray,
    UInt64Array,
};
use arrow_cast::cast;
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::DataType;
use parquet::arrow::ArrowWriter;

use super::*;

/// A column of every kind.
fn batch() -> RecordBatch {
    let float = Float64Array::from(vec![Some(1.5), None, Some(f64::NAN)]);
    let half = cast(&float, &DataType::Float16).unwrap();
    let decimal = Decimal128Array::from(vec![Some(125), None, Some(-50)]);
    let decimal = decimal.with_precision_and_scale(10, 2).unwrap();
    let text = || vec![Some("b"), None, Some("a")];
    let dictionary: DictionaryArray<Int8Type> = text().into_iter().collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("int", Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))),
        ("uint", Arc::new(UInt64Array::from(vec![1, 2, 3]))),
        ("float", Arc::new(float)),
        ("half", half),
        ("decimal", Arc::new(decimal)),
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("utf8", Arc::new(StringArray::from(text()))),
        ("large", Arc::new(LargeStringArray::from(text()))),
        ("view", Arc::new(StringViewArray::from(text()))),
        ("dictionary", Arc::new(dictionary)),
        ("date", Arc::new(Date32Array::from(vec![1, 2, 3]))),
        ("null", Arc::new(NullArray::new(3))),
    ];
    let nullable = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(nullable).unwrap()
}

/// Writes `batch` twice, in the format that the end of `name` tells.
fn write(files: &Files, name: &str, batch: &RecordBatch) -> PathBuf {
    let path = files.0.path().join(name);
    let file = File::create(&path).unwrap();
    if name.ends_with(".parquet") {
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
    } else if name.ends_with(".feather") {
        let mut writer = FileWriter::try_new(file, &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        // A stream may replace a dictionary, but a file may not: hence no second batch.
        writer.finish().unwrap();
    } else {
        let mut writer = StreamWriter::try_new(file, &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
    }
    path
}

#[test]
fn every_type_is_read_or_put_aside() {
    let files = Files::new();
    for (name, n_batches) in [("t.parquet", 2), ("t.feather", 1), ("t.arrow", 2)] {
        let table = read(&write(&files, name, &batch()), &ReadOptions::default()).unwrap();
        assert_eq!(table.n_rows, 3 * n_batches);
        let columns = columns(table);
        let numeric = |position: usize| numbers(&columns[position])[3 * (n_batches - 1)..].to_vec();
        assert_eq!(numeric(0), [1.0, -1.0, 3.0]);
        assert_eq!(numeric(1), [1.0, 2.0, 3.0]);
        assert_eq!(numeric(2), [1.5, -1.0, -1.0]);
        assert_eq!(numeric(3), [1.5, -1.0, -1.0]);
        assert_eq!(numeric(4), [1.25, -1.0, -0.5]);
        assert_eq!(numeric(5), [1.0, -1.0, 0.0]);
        for column in &columns[6..10] {
            assert_eq!(texts(column)[3 * (n_batches - 1)..], ["b", "-", "a"]);
        }
        assert!(matches!(&columns[10].data, ColumnData::Unsupported(name) if name == "Date32"));
        assert_eq!(numeric(11), [-1.0; 3]);
    }
}

#[test]
fn numbers_are_labels_if_asked_for() {
    let files = Files::new();
    let options = ReadOptions {
        categorical: vec!["int".to_owned(), "bool".to_owned(), "null".to_owned()],
        ..ReadOptions::default()
    };
    let columns = columns(read(&write(&files, "t.feather", &batch()), &options).unwrap());
    assert_eq!(texts(&columns[0]), ["1", "-", "3"]);
    assert_eq!(texts(&columns[5]), ["true", "-", "false"]);
    assert_eq!(texts(&columns[11]), ["-", "-", "-"]);
}

#[test]
fn damaged_files_are_refused_without_panic() {
    let files = Files::new();
    for name in ["t.parquet", "t.feather", "t.arrow"] {
        assert_says(read_as(name, "", &ReadOptions::default()).unwrap_err(), &["is empty"]);
        for content in ["a,b\n1,2\n", "PAR1", "ARROW1\0\0"] {
            let message = read_as(name, content, &ReadOptions::default()).unwrap_err();
            assert_says(message, &["this cannot be read as", "--format"]);
        }
        let good = std::fs::read(write(&files, name, &batch())).unwrap();
        for position in (0..good.len()).step_by(23) {
            let mut bad = good.clone();
            bad[position] ^= 0x55;
            // Some bytes do not matter; what counts is that nothing panics.
            let _ = read_as(name, &bad, &ReadOptions::default());
            let _ = read_as(name, &good[..position], &ReadOptions::default());
        }
    }
}

#[test]
fn tables_without_rows_and_doubled_names() {
    let files = Files::new();
    let empty = batch().slice(0, 0);
    let error = read(&write(&files, "t.parquet", &empty), &ReadOptions::default()).unwrap_err();
    assert_says(error, &["t.parquet: ", "no rows of data"]);
    let array: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let twice = RecordBatch::try_from_iter([("a", array.clone()), ("a", array)]).unwrap();
    let error = read(&write(&files, "t.arrow", &twice), &ReadOptions::default()).unwrap_err();
    assert_says(error, &["columns 1 and 2 are both called \"a\""]);
}
