//! Reading CSV and TSV files.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::input::Format;

/// The message about the CSV text `content`, after the file's name.
fn error(content: impl AsRef<[u8]>) -> String {
    read_as("data.csv", content, &ReadOptions::default()).unwrap_err()
}

#[test]
fn types_are_inferred() {
    let table =
        csv_table("a, b ,c,d\n1,x,NA,inf\n ,\"y, z\",?,-1e3\n+.5,x,.,None\nNaN,N/A,null,\"2\"\n");
    assert_eq!(table.n_rows, 4);
    let columns = columns(table);
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(numbers(&columns[0]), [1.0, -1.0, 0.5, -1.0]);
    assert_eq!(texts(&columns[1]), ["x", "y, z", "x", "-"]);
    assert_eq!(numbers(&columns[2]), [-1.0; 4]);
    assert_eq!(numbers(&columns[3]), [f64::INFINITY, -1e3, -1.0, 2.0]);
}

#[test]
fn line_ends_quotes_and_blank_lines() {
    let content =
        "\u{feff}\"gr\u{f6}\u{df}e\",b\r\n1,\"x\ny\"\r\n\r\n \r\n\n2,\"say \"\"z\"\"\"\r\n3,w";
    let table = csv_table(content);
    let lines: Vec<_> = (0..3).map(|row| table.source.row(row).line).collect();
    assert_eq!(lines, [Some(2), Some(7), Some(8)]);
    let columns = columns(table);
    assert_eq!(columns[0].name, "größe");
    assert_eq!(numbers(&columns[0]), [1.0, 2.0, 3.0]);
    assert_eq!(texts(&columns[1]), ["x\ny", "say \"z\"", "w"]);
    assert_says(error("a,b\n\n\n1,2\n\n\n3"), &[", row 2 (line 7): this row has 1 fields"]);
}

#[test]
fn tabs_delimiters_and_compression() {
    let table = read_as("data.TSV", "a\tb,c\n1\t2\n", &ReadOptions::default()).unwrap();
    assert_eq!(columns(table)[1].name, "b,c");
    let options = ReadOptions { delimiter: Some(b';'), ..ReadOptions::default() };
    let table = read_as("data.csv", "a;b\n1;2\n", &options).unwrap();
    assert_eq!(columns(table).len(), 2);
    assert_says(error("a;b\n1;2\n"), &[", line 1: ", "\"a;b\"", "\";\"", "--delimiter"]);

    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"a,b\n1,2\n").unwrap();
    let gzip = gzip.finish().unwrap();
    let table = read_as("data.csv.gz", &gzip, &ReadOptions::default()).unwrap();
    assert_eq!(numbers(&columns(table)[1]), [2.0]);
    let options = ReadOptions { format: Some(Format::Csv), ..ReadOptions::default() };
    assert_eq!(read_as("data", &gzip, &options).unwrap().n_rows, 1);
    let cut = &gzip[..gzip.len() - 10];
    let message = read_as("data.csv.gz", cut, &ReadOptions::default()).unwrap_err();
    assert_says(message, &["damaged or cut short"]);
}

#[test]
fn mixtures_are_refused_unless_asked_for() {
    assert_says(
        error("a,b\n1,2\n\n2,x1\n"),
        &[", row 2 (line 4), column \"b\": \"x1\" is not a number", "--categorical \"b\"", "NA"],
    );
    assert_says(
        error("a,b\n1,\n1,x\n2,3\n"),
        &[", row 3 (line 4), column \"b\": \"3\" is a number, but row 2 has the text \"x\""],
    );
    let options = ReadOptions { categorical: vec!["zip*".to_owned()], ..ReadOptions::default() };
    let table = read_as("data.csv", "zip1,zip2,n\n01,7,1\nA,NaN,2\n", &options).unwrap();
    let columns = columns(table);
    assert_eq!(texts(&columns[0]), ["01", "A"]);
    assert_eq!(texts(&columns[1]), ["7", "-"]);
    assert_eq!(numbers(&columns[2]), [1.0, 2.0]);

    let options = ReadOptions { categorical: vec!["hight".to_owned()], ..ReadOptions::default() };
    let message = read_as("data.csv", "height,age\n1,2\n", &options).unwrap_err();
    assert_says(message, &["no column \"hight\"", "--categorical", "did you mean \"height\"?"]);
    let options = ReadOptions {
        categorical_if_present: vec!["age".to_owned(), "gone".to_owned()],
        ..ReadOptions::default()
    };
    let table = read_as("data.csv", "height,age\n1,2\n", &options).unwrap();
    assert_eq!(texts(&super::columns(table)[1]), ["2"]);
}

#[test]
fn headers_are_checked() {
    assert_says(error("a,b, a\n1,2,3\n"), &["columns 1 and 3 are both called \"a\""]);
    assert_says(error("a,,c\n1,2,3\n"), &["column 2 has no name"]);
    assert_says(error(""), &[": the file is empty"]);
    assert_says(error("\n \n"), &[": the file is empty"]);
    assert_says(error("a,b\n\n"), &["no rows of data"]);
    assert_says(error("a,b\r1,2\r3,4\r"), &[", line 1: the lines end with a carriage return"]);
}

#[test]
fn rows_are_checked() {
    assert_says(
        error("a,b\n1,2\n1,2,3\n"),
        &[", row 2 (line 3): this row has 3 fields, but the header has 2"],
    );
    assert_says(error("a,b\n1,\"x\n2,y\n3,z\n"), &[", line 2: a quotation mark", "never closed"]);
    assert_says(error("a,b\n1,\"x"), &[", line 2: a quotation mark"]);
    assert_says(
        error(b"a,b\n1,x\n2,\xe4\n"),
        &[", row 2 (line 3), column \"b\": the text is not UTF-8"],
    );
    assert_says(error(b"a,\xe4\n1,2\n"), &[", line 1, column", "not UTF-8"]);
}

#[test]
fn files_that_cannot_be_opened() {
    let files = Files::new();
    let options = ReadOptions::default();
    let absent = files.0.path().join("absent.csv");
    assert_says(read(&absent, &options).unwrap_err(), &["absent.csv: there is no such file"]);
    assert_says(read(files.0.path(), &options).unwrap_err(), &["this is a folder"]);
    let message = read_as("data.xls", "a", &options).unwrap_err();
    assert_says(message, &["format cannot be told", ".csv", "--format"]);
}

#[test]
fn wide_tables_with_quoted_unicode_names() {
    let header: Vec<String> = (0..10_000).map(|j| format!("\"Größe {j}, µm\"")).collect();
    let row = vec!["0.25"; 10_000].join(",");
    let table = csv_table(&format!("{}\n{row}\n{row}\n", header.join(",")));
    let columns = columns(table);
    assert_eq!(columns.len(), 10_000);
    assert_eq!(columns[9_999].name, "Größe 9999, µm");
    assert_eq!(numbers(&columns[9_999]), [0.25, 0.25]);
}

#[test]
fn long_and_odd_cells_are_shown_in_one_line() {
    let message = error(format!("a,b\n1,2\n1,\"x\ny{}\"\n", "z".repeat(100)));
    assert_says(&message, &["\"x yzzz", "z…\" is not a number"]);
    assert_eq!(message.lines().count(), 1);
}
