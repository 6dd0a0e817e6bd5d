//! `docs/commands.md` is what the command line says of itself.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};
use portcullis::cli::Cli;

const PATH: &str = "docs/commands.md";

/// The line after which nothing is written by hand.
const MARK: &str = "<!-- From here on: what `--help` prints. -->\n";

/// Options of every command, which the part written by hand describes.
const COMMON: [&str; 3] = ["config", "help", "json"];

/// `UPDATE_COMMANDS=1` writes the part below the mark anew.
#[test]
fn the_command_reference_matches_the_help_output() {
    let document = std::fs::read_to_string(PATH).unwrap();
    let (by_hand, generated) = document.split_once(MARK).unwrap();
    let mut command = Cli::command();
    command.build();
    let mut expected = String::new();
    describe(&command, "portcullis", &mut expected);
    #[expect(clippy::disallowed_methods, reason = "whoever runs the test says so")]
    if std::env::var("UPDATE_COMMANDS").is_ok() {
        std::fs::write(PATH, format!("{by_hand}{MARK}{expected}")).unwrap();
        return;
    }
    assert_eq!(generated, expected, "UPDATE_COMMANDS=1 writes it anew");
}

/// Appends a section for each command below this one that does something itself.
fn describe(command: &Command, name: &str, to: &mut String) {
    for it in command.get_subcommands().filter(|it| it.get_name() != "help") {
        let name = format!("{name} {}", it.get_name());
        if it.has_subcommands() {
            describe(it, &name, to);
            continue;
        }
        let is_common = |id: &str| COMMON.contains(&id);
        let mut own = it
            .clone()
            .mut_args(|it| if is_common(it.get_id().as_str()) { it.hide(true) } else { it });
        let help = own.render_long_help().to_string();
        let lines: Vec<_> = help.lines().map(str::trim_end).collect();
        write!(to, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end()).unwrap();
    }
}
