//! Output that cannot be written: nothing is left behind, and nothing is lost.

mod common;

use common::{Data, Folder};

#[test]
fn a_file_in_place_of_the_output_folder_is_named() {
    let folder = Folder::with("data.csv", Data::new(10, 2).csv());
    folder.write("taken", "mine");
    let parts = ["taken: ", "file", "--out"];
    folder.refuses(1, "path data.csv --target target --out taken", &parts);
    folder.refuses(1, "path data.csv --target target --out taken/out", &["taken", "--out"]);
}

#[test]
fn a_folder_in_place_of_an_output_file_leaves_no_other_file() {
    for name in ["model.json", "path.csv", "path.svg", "path.png"] {
        let folder = Folder::with("data.csv", Data::new(10, 2).csv());
        std::fs::create_dir_all(folder.path().join("out").join(name)).unwrap();
        folder.refuses(1, "path data.csv --target target --n-lambdas 3 --out out", &[name]);
    }
}

#[test]
fn predictions_that_cannot_be_written_are_refused_without_internal_names() {
    let folder = Folder::with("data.csv", Data::new(10, 2).csv());
    folder.succeeds("fit data.csv --target target --lambda 0.1 --out out");
    folder.refuses(1, "predict out/model.json data.csv --out out", &["out: ", "--out"]);
    folder.refuses(1, "predict out/model.json data.csv --out no/p.csv", &["no/p.csv", "--out"]);
    let run = folder.run("predict out/model.json data.csv --out no/p.csv");
    assert!(!run.stderr.contains(".tmp"), "{}", run.stderr);
}

#[cfg(target_os = "linux")]
mod disks {
    use super::common::{CHAMFER, Data, Folder, Run};
    use std::process::Command;

    /// Runs a shell script in a namespace of its own, where it may mount; its variables are `$B`,
    /// the command, and `$M`, a folder to mount at. None where that is not permitted.
    fn in_namespace(folder: &Folder, script: &str) -> Option<Run> {
        let mount = folder.path().join("mount");
        std::fs::create_dir(&mount).unwrap();
        let shell = |options: &str, script: &str| {
            let mut command = Command::new("unshare");
            command.args([options, "sh", "-c", script]).current_dir(folder.path());
            command.env("B", CHAMFER).env("M", &mount).output()
        };
        for options in ["-m", "-rm"] {
            let probe = shell(options, "mount -t tmpfs tmpfs \"$M\"");
            if probe.is_ok_and(|output| output.status.success()) {
                return Some(Run::new(&shell(options, script).unwrap()));
            }
        }
        println!("skipped: mounting is not permitted here");
        None
    }

    fn data() -> Folder {
        Folder::with("data.csv", Data::new(30, 6).csv())
    }

    #[test]
    fn a_full_disk_leaves_no_file() {
        // With nothing free; with room for all files but the last.
        for filler in [64, 24] {
            let script = format!(
                "mount -t tmpfs -o size=64k tmpfs $M && head -c {filler}k /dev/zero > $M/filler
                $B path data.csv --target target --n-lambdas 10 --out $M/out >printed
                echo code $?; cat printed; ls -A $M"
            );
            let Some(run) = in_namespace(&data(), &script) else { return };
            assert_eq!(run.stdout, "code 1\nfiller\n", "{run:#?}");
            assert_eq!(run.stderr.lines().count(), 1, "{run:#?}");
            for part in ["error: ", "mount/out", "No space", "free some space", "--out"] {
                assert!(run.stderr.contains(part), "{run:#?} lacks {part:?}");
            }
        }
    }

    #[test]
    fn a_full_disk_leaves_the_files_of_an_earlier_run() {
        let script = "mount -t tmpfs -o size=256k tmpfs $M
            $B path data.csv --target target --n-lambdas 5 --out $M/out >printed
            cat $M/out/* | cksum >before
            head -c 999999 /dev/zero > $M/filler 2>filling
            $B path data.csv --target target --n-lambdas 50 --out $M/out >printed
            echo code $?; cat printed; ls -A $M/out; cat $M/out/* | cksum | cmp - before";
        let Some(run) = in_namespace(&data(), script) else { return };
        let expected = "code 1\nmodel.json\npath.csv\npath.png\npath.svg\n";
        assert_eq!(run.stdout, expected, "{run:#?}");
        assert!(run.stderr.contains("free some space"), "{run:#?}");
    }

    #[test]
    fn a_disk_that_is_full_for_a_while_does_not_end_a_run() {
        let folder = Folder::with("data.csv", Data::new(200, 300).csv());
        let script = "mount -t tmpfs -o size=8m tmpfs $M
            mkdir $M/out; head -c 99999999 /dev/zero > $M/filler 2>filling
            $B path data.csv -t target --tol 1e-9 --n-lambdas 2000 --out $M/out >printed 2>said &
            while kill -0 $! && ! grep -q warning said; do sleep 0.05; done
            rm $M/filler; wait $!
            echo code $?; ls -A $M/out; grep -c warning said; grep -o 'No space' said";
        let Some(run) = in_namespace(&folder, script) else { return };
        let expected = "code 0\nmodel.json\npath.csv\npath.png\npath.svg\n1\nNo space\n";
        assert_eq!(run.stdout, expected, "{run:#?}");
    }

    #[test]
    fn predictions_on_a_full_disk_leave_no_file() {
        let script = "mount -t tmpfs -o size=16k tmpfs $M
            $B path data.csv --target target --n-lambdas 50 --out out >printed
            $B predict out/model.json data.csv --out $M/p.csv
            echo code $?; ls -A $M";
        let Some(run) = in_namespace(&data(), script) else { return };
        assert_eq!(run.stdout, "code 1\n", "{run:#?}");
        assert!(run.stderr.contains("p.csv") && run.stderr.contains("free some space"), "{run:#?}");
    }

    #[test]
    fn a_folder_that_is_read_only_is_refused_before_the_work() {
        let script = "mount -t tmpfs -o ro tmpfs $M
            $B path data.csv --target target --out $M
            echo code $?
            $B path data.csv --target target --out $M/out
            echo code $?; ls -A $M";
        let Some(run) = in_namespace(&data(), script) else { return };
        assert_eq!(run.stdout, "code 1\ncode 1\n", "{run:#?}");
        let messages: Vec<&str> = run.stderr.lines().collect();
        assert_eq!(messages.len(), 2, "{run:#?}");
        for message in messages {
            assert!(message.contains("a folder that you may write to"), "{message}");
            // Once in the name of the test's own folder, not in that of a temporary file.
            assert_eq!(message.matches(".tmp").count(), 1, "{message}");
        }
    }

    #[test]
    fn results_that_cannot_be_printed_are_an_error() {
        let folder = data();
        folder.succeeds("fit data.csv --target target --lambda 0.1 --out out");
        let commands = [
            "predict out/model.json data.csv",
            "check out/model.json data.csv --json",
            "fit data.csv --target target --lambda 0.1 --json",
        ];
        for line in commands {
            let full = std::fs::File::create("/dev/full").unwrap();
            let mut command = Command::new(CHAMFER);
            command.args(line.split(' ')).current_dir(folder.path()).stdout(full);
            let run = Run::new(&command.output().unwrap());
            run.is_refusal(1, &["No space"]);
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let script = "$B predict out/model.json data.csv | true; $B path data.csv -t target | true";
        let folder = data();
        folder.succeeds("fit data.csv --target target --lambda 0.1 --out out");
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(folder.path()).env("B", CHAMFER);
        let run = Run::new(&command.output().unwrap());
        assert_eq!(run.stderr, "");
    }
}
