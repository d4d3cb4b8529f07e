//! Files that are not kept in memory, against the same ones that are.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use arrow_array::types::Int16Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array,
    Float64Array, Int64Array, LargeStringArray, NullArray, RecordBatch, StringArray,
    StringViewArray, UInt8Array,
};
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use chamfer_glm::RowChunks;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::*;
use crate::input::error::InputError;
use crate::input::{Frame, Missing, Need, Note, Stream, fit_encoding};

const N: usize = 34_000;

/// Columns of all kinds, more rows than a window has; some values are missing where `gaps`.
fn batch(gaps: bool) -> RecordBatch {
    let is_gap = |row: usize, every: usize| gaps && row % every == every - 1;
    let value = |row: usize| ((row * 7919) % 1013) as f64 / 64.0 - 7.0;
    let label = |row: usize| ["b", "größe", "a", "d"][(row * row + row / 3) % 4];
    let some = |row: usize, every| (!is_gap(row, every)).then_some(row);
    let rows = || 0..N;
    let text = |every| rows().map(move |row| some(row, every).map(label));
    let decimal = rows().map(|row| some(row, 5003).map(|row| i128::try_from(row % 300).unwrap()));
    let decimal: Decimal128Array = decimal.collect();
    let dictionary: DictionaryArray<Int16Type> = text(4001).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("float", Arc::new(rows().map(|row| some(row, 997).map(value)).collect::<Float64Array>())),
        ("single", {
            #[expect(clippy::cast_possible_truncation, reason = "it is exact")]
            let single = |row| value(row + 3) as f32;
            Arc::new(rows().map(single).collect::<Float32Array>())
        }),
        ("text", Arc::new(text(7001).collect::<StringArray>())),
        ("int", Arc::new(rows().map(|row| i64::try_from(row % 91).ok()).collect::<Int64Array>())),
        ("byte", Arc::new(rows().map(|row| u8::try_from(row % 7).ok()).collect::<UInt8Array>())),
        (
            "flag",
            Arc::new(
                rows().map(|row| some(row, 3001).map(|r| r % 3 == 0)).collect::<BooleanArray>(),
            ),
        ),
        ("decimal", Arc::new(decimal.with_precision_and_scale(12, 2).unwrap())),
        ("labels", Arc::new(dictionary)),
        ("large", Arc::new(rows().map(|row| Some(label(row / 5))).collect::<LargeStringArray>())),
        ("view", Arc::new(rows().map(|row| Some(label(row / 7))).collect::<StringViewArray>())),
        ("same", Arc::new(rows().map(|_| Some("x")).collect::<StringArray>())),
        (
            "y",
            Arc::new(
                rows().map(|row| some(row, 9001).map(|r| value(r) + 0.5)).collect::<Float64Array>(),
            ),
        ),
        ("w", Arc::new(rows().map(|row| Some((row % 5) as f64)).collect::<Float64Array>())),
        ("date", Arc::new(rows().map(|row| i32::try_from(row).ok()).collect::<Date32Array>())),
        ("null", Arc::new(NullArray::new(N))),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

/// The same data in files of several kinds.
fn files(files: &Files, batch: &RecordBatch) -> Vec<PathBuf> {
    let create = |name: &str| {
        let path = files.0.path().join(name);
        (File::create(&path).unwrap(), path)
    };
    let all = batch.num_rows();
    let parts = |n: usize| (0..all).step_by(n).map(move |at| batch.slice(at, n.min(all - at)));
    let mut paths = Vec::new();
    for (name, compression, rows) in [
        ("plain.parquet", Compression::UNCOMPRESSED, N),
        ("snappy.parquet", Compression::SNAPPY, 7_000),
        ("zstd.parquet", Compression::ZSTD(ZstdLevel::default()), 20_000),
    ] {
        let (file, path) = create(name);
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_dictionary_enabled(rows != 20_000)
            .set_max_row_group_row_count(Some(rows))
            .build();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        paths.push(path);
    }
    let lz4 = Some(arrow_ipc::CompressionType::LZ4_FRAME);
    for (name, compression, rows) in
        [("one.arrow", None, N), ("parts.feather", None, 11_000), ("lz4.arrow", lz4, 33_500)]
    {
        let (file, path) = create(name);
        let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
        let mut writer = FileWriter::try_new_with_options(file, &batch.schema(), options).unwrap();
        parts(rows).for_each(|part| writer.write(&part).unwrap());
        writer.finish().unwrap();
        paths.push(path);
    }
    paths
}

fn open(path: &std::path::Path, options: &ReadOptions) -> Result<Stream, InputError> {
    Stream::open(path, options, 8 << 20)
}

/// All columns of a streamed matrix, column after column, read all at once or in their turns.
fn streamed(matrix: &Matrix, in_turns: bool) -> Vec<f64> {
    let Matrix::Stream(matrix) = matrix else { panic!("{matrix:?} is not streamed") };
    let n = matrix.n_rows();
    let all: Vec<usize> = (0..matrix.n_cols()).collect();
    let mut values = vec![f64::NAN; n * all.len()];
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let n_columns = if in_turns { matrix.at_a_time(rest).min(3) } else { rest.len() };
        let (columns, after) = rest.split_at(n_columns);
        rest = after;
        let mut expected = 0;
        let read = matrix.read(columns, &mut |first, chunk| {
            assert_eq!((first, chunk.n_cols()), (expected, columns.len()));
            expected += chunk.n_rows();
            for (k, &column) in columns.iter().enumerate() {
                let out = &mut values[column * n + first..column * n + first + chunk.n_rows()];
                chunk.copy_column(k, out);
            }
        });
        read.unwrap();
        assert_eq!(expected, n);
    }
    values
}

fn selection(missing: Missing) -> Selection {
    Selection {
        weights: Some("w".to_owned()),
        exclude: vec!["date".to_owned(), "null".to_owned()],
        missing,
        ..predict("y")
    }
}

#[track_caller]
fn assert_same(streamed_frame: &Frame, memory: &Frame) {
    for in_turns in [false, true] {
        assert!(streamed(&streamed_frame.matrix, in_turns) == dense(&memory.matrix));
    }
    assert_eq!(streamed_frame.names, memory.names);
    assert_eq!(streamed_frame.target, memory.target);
    assert_eq!(streamed_frame.weights, memory.weights);
    assert_eq!((&streamed_frame.rows, streamed_frame.rows_read), (&memory.rows, memory.rows_read));
}

#[test]
fn columns_of_all_kinds_are_the_same_as_in_memory() {
    let folder = Files::new();
    for (gaps, missing, step) in
        [(false, Missing::Refuse, 1), (true, Missing::Mean, 2), (true, Missing::Drop, 3)]
    {
        for path in files(&folder, &batch(gaps)).into_iter().step_by(step) {
            let mut selection = selection(missing);
            let mut options = ReadOptions::default();
            if gaps && missing == Missing::Mean {
                // A target has no mean to be replaced by.
                selection.target = Some("int".to_owned());
                selection.exclude.push("y".to_owned());
                options.categorical = vec!["byte".to_owned()];
            }
            let memory = fit_encoding(read(&path, &options).unwrap(), &selection).unwrap();
            let stream = open(&path, &options).unwrap().into_table();
            let streamed = fit_encoding(stream, &selection).unwrap();
            assert_eq!(streamed.0, memory.0, "{path:?}");
            assert_eq!(streamed.2, memory.2, "{path:?}");
            assert!(memory.2.contains(&Note::Constant { columns: vec!["same".to_owned()] }));
            assert_same(&streamed.1, &memory.1);

            let options = ReadOptions {
                categorical_if_present: memory.0.text_columns(),
                ..ReadOptions::default()
            };
            let stream = open(&path, &options).unwrap().into_table();
            assert_same(&memory.0.apply(stream, Need::Everything).unwrap(), &memory.1);

            // For predictions, a few rows at a time.
            let whole = memory.0.apply(read(&path, &options).unwrap(), Need::Predictors).unwrap();
            let (mut rows, mut sums) = (Vec::new(), vec![0.0; whole.names.len()]);
            let stream = open(&path, &options).unwrap();
            let parts = memory.0.apply_in_parts(&stream, |frame| -> Result<(), InputError> {
                let values = dense(&frame.matrix);
                let columns = values.chunks_exact(frame.rows.len());
                sums.iter_mut().zip(columns).for_each(|(sum, x)| *sum += x.iter().sum::<f64>());
                rows.extend_from_slice(&frame.rows);
                Ok(())
            });
            parts.unwrap();
            assert_eq!(rows, whole.rows);
            let values = dense(&whole.matrix);
            for (sum, column) in sums.iter().zip(values.chunks_exact(whole.rows.len())) {
                let expected: f64 = column.iter().sum();
                assert!((sum - expected).abs() <= 1e-9 * (1.0 + expected.abs()));
            }
        }
    }
}

/// The messages for a file that is in memory and one that is not.
fn errors(path: &std::path::Path, selection: &Selection) -> [String; 2] {
    let options = ReadOptions::default();
    let memory = fit_encoding(read(path, &options).unwrap(), selection);
    let stream = fit_encoding(open(path, &options).unwrap().into_table(), selection);
    [memory.unwrap_err().to_string(), stream.unwrap_err().to_string()]
}

#[test]
fn what_is_refused_is_refused_in_the_same_words() {
    let folder = Files::new();
    let path = files(&folder, &batch(true)).swap_remove(1);
    let without = |names: &[&str]| {
        let mut selection = selection(Missing::Refuse);
        selection.target = Some("int".to_owned());
        selection.exclude.extend(names.iter().map(|name| (*name).to_owned()));
        selection
    };
    let all_used = Selection { exclude: Vec::new(), ..without(&[]) };
    let selections = [
        (selection(Missing::Refuse), "row 9001, column \"y\""),
        (without(&["y"]), "row 997, column \"float\": the value is missing (63 in all)"),
        (without(&["y", "float", "text"]), "row 3001, column \"flag\""),
        (all_used, "column \"null\": every value is missing"),
        (predict("z"), "there is no column \"z\""),
        (predict("text"), "column \"text\""),
    ];
    for (selection, part) in selections {
        let [memory, stream] = errors(&path, &selection);
        assert_eq!(memory, stream);
        assert_says(stream, &[part]);
    }
    let with_date =
        Selection { missing: Missing::Drop, exclude: vec!["null".to_owned()], ..predict("y") };
    let [memory, stream] = errors(&path, &with_date);
    assert_eq!(memory, stream);
    assert_says(stream, &["values of the type Date32 cannot be used"]);

    let ids: StringArray = (0..N).map(|row| Some(row.to_string())).collect();
    let infinite: Float64Array =
        (0..N).map(|row| Some(if row == 33_000 { f64::INFINITY } else { row as f64 })).collect();
    let y: Float64Array = (0..N).map(|row| Some(row as f64)).collect();
    let columns: Vec<(&str, ArrayRef)> =
        vec![("id", Arc::new(ids)), ("x", Arc::new(infinite)), ("y", Arc::new(y))];
    let path = files(&folder, &RecordBatch::try_from_iter(columns).unwrap()).swap_remove(0);
    let without_id = Selection { exclude: vec!["id".to_owned()], ..predict("y") };
    for (selection, part) in [
        (predict("y"), "column \"id\": each of the 34000 rows has a text of its own"),
        (without_id, "row 33001, column \"x\": the value is infinite"),
    ] {
        let [memory, stream] = errors(&path, &selection);
        assert_eq!(memory, stream);
        assert_says(stream, &[part]);
    }
}

#[test]
fn labels_and_types_are_those_of_training() {
    let folder = Files::new();
    let column = |labels: &[&str]| -> ArrayRef {
        Arc::new((0..N).map(|row| Some(labels[row * labels.len() / N])).collect::<StringArray>())
    };
    let y =
        || -> ArrayRef { Arc::new((0..N).map(|row| Some(row as f64)).collect::<Float64Array>()) };
    let write =
        |x: ArrayRef| files(&folder, &RecordBatch::try_from_iter([("x", x), ("y", y())]).unwrap());
    let training = write(column(&["a", "b"])).swap_remove(0);
    let options = ReadOptions::default();
    let (encoding, ..) = fit_encoding(read(&training, &options).unwrap(), &predict("y")).unwrap();
    for (x, parts) in [
        (column(&["a", "c", "b"]), ["row 11335, column \"x\"", "without the label \"c\""]),
        (y(), ["column \"x\"", "fitted with text in this column, but here it has numbers"]),
    ] {
        for path in write(x) {
            let memory = encoding.apply(read(&path, &options).unwrap(), Need::Everything);
            let stream = open(&path, &options).unwrap();
            let parted = encoding.apply_in_parts(&stream, |_| Ok::<_, InputError>(()));
            let stream = encoding.apply(stream.into_table(), Need::Everything);
            let memory = memory.unwrap_err().to_string();
            assert_says(&memory, &parts);
            assert_eq!(memory, stream.unwrap_err().to_string());
            assert_eq!(memory, parted.unwrap_err().to_string());
        }
    }
}

#[test]
fn a_file_that_changes_is_refused() {
    let folder = Files::new();
    for path in files(&folder, &batch(false)) {
        let bytes = std::fs::read(&path).unwrap();
        let stream = || open(&path, &ReadOptions::default()).unwrap().into_table();
        let fitted = || fit_encoding(stream(), &selection(Missing::Refuse)).unwrap().1;
        let assert_changed = |frame: Frame| {
            let Matrix::Stream(matrix) = frame.matrix else { panic!("it is streamed") };
            let message = matrix.read(&[0, 2], &mut |_, _| ()).unwrap_err();
            assert_says(message, &["the file changed while it was being read", "run again"]);
        };
        let frame = fitted();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert_changed(frame);

        std::fs::write(&path, &bytes).unwrap();
        let frame = fitted();
        let other = path.with_extension("other");
        std::fs::write(&other, &bytes).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_changed(frame);

        let frame = fitted();
        std::fs::remove_file(&path).unwrap();
        assert_changed(frame);

        // In the midst of a pass.
        std::fs::write(&path, &bytes).unwrap();
        let Matrix::Stream(matrix) = fitted().matrix else { panic!("it is streamed") };
        let read = matrix.read(&[0], &mut |_, _| {
            let mut file = File::options().append(true).open(&path).unwrap();
            file.write_all(b"more").unwrap();
        });
        assert_says(read.unwrap_err(), &["the file changed while it was being read"]);
    }
}

#[test]
fn damaged_files_are_errors_without_panic() {
    let folder = Files::new();
    let small = batch(true).slice(0, 50);
    for path in files(&folder, &small) {
        let good = std::fs::read(&path).unwrap();
        for position in (0..good.len()).step_by(good.len() / 40 + 1) {
            let mut bad = good.clone();
            bad[position] ^= 0x55;
            for bytes in [&bad[..], &good[..position]] {
                std::fs::write(&path, bytes).unwrap();
                let Ok(stream) = open(&path, &ReadOptions::default()) else { continue };
                let fitted = fit_encoding(stream.into_table(), &selection(Missing::Drop));
                let Ok((_, frame, _)) = fitted else { continue };
                let Matrix::Stream(matrix) = frame.matrix else { panic!("it is streamed") };
                let all: Vec<usize> = (0..matrix.n_cols()).collect();
                let _ = matrix.read(&all, &mut |_, _| ());
            }
        }
    }
}
