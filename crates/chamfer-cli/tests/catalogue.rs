//! The catalogue on the command line and in the documentation.

mod common;

use common::{Folder, repository};

#[test]
fn it_lists_every_row_for_a_terminal() {
    let run = Folder::new().succeeds("catalogue");
    for row in chamfer::catalogue() {
        assert!(run.stdout.contains(row.map) && run.stdout.contains(row.source), "{}", row.name);
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 120), "{}", run.stdout);
}

#[test]
fn the_documentation_has_the_same_table() {
    let run = Folder::new().succeeds("catalogue --format markdown");
    let page = std::fs::read_to_string(repository("crates/chamfer/docs/catalogue.md")).unwrap();
    assert!(
        page.contains(run.stdout.trim_end()),
        "crates/chamfer/docs/catalogue.md is stale: paste `chamfer catalogue --format markdown`"
    );
}
