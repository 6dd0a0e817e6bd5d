//! `portcullis backup`, `restore`, `move`, `key` and `clock`: what concerns all records at once.

use std::path::Path;
use std::sync::Arc;

use clap::error::{Error as ArgumentError, ErrorKind};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::backup::{self, CopiedTable};
use crate::role::server::record_by_operator;
use crate::secret::Secret;
use crate::server::config::{ConfigError, DatabaseUrl};
use crate::server::files;
use crate::server::out::{Out, display_path};
use crate::server::seal::KeyLocation;
use crate::server::{App, Config, Db, Error};

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum KeyCommand {
    /// Create a new key for encryption; the old one still decrypts what it encrypted.
    ///
    /// Stop all servers first, and give every server the new key. If `site.key` is set, prints its new value.
    Rotate,
}

impl KeyCommand {
    pub async fn run(self, app: &App, out: Out) -> Result<(), Error> {
        let Self::Rotate = self;
        match backup::rotate(app).await? {
            KeyLocation::File => out.done(&format!(
                "Created a new key in {}. Copy it to all servers and start them again.",
                display_path(&app.config.site.data.join("key"))
            )),
            KeyLocation::Setting(key) => out.value(&json!({ "site.key": key }), |_| {
                format!("Set site.key to this value on all servers and start them again:\n{key}\n")
            }),
        }
    }
}

/// The database to move to. A password is never an argument: every user of the machine can list arguments.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Destination {
    /// sqlite:FILE or postgres://…, without a password: put that into ~/.pgpass or PGPASSWORD.
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Read the URL from standard input; it may contain a password.
    #[arg(long)]
    to_stdin: bool,
}

impl Destination {
    /// Rejects an unusable URL without showing it.
    pub fn check(&self) -> Result<(), ArgumentError> {
        let refuse = |why| Err(ArgumentError::raw(ErrorKind::ValueValidation, why));
        match &self.to {
            Some(to) if has_password(to) => refuse(
                "--to contains a password, which every user of this machine can see in the list of \
                 processes: put it into ~/.pgpass or PGPASSWORD instead, or use --to-stdin",
            ),
            Some(to) if DatabaseUrl::parse(to).is_none() => refuse(
                "--to must be a URL that begins with sqlite: or postgres: and has only supported parameters",
            ),
            _ => Ok(()),
        }
    }

    fn read(self) -> Result<Secret, Error> {
        if let Some(to) = self.to {
            return Ok(to.into());
        }
        let mut line = String::new();
        let unreadable = |it| ConfigError(format!("standard input can't be read: {it}"));
        std::io::stdin().read_line(&mut line).map_err(unreadable)?;
        let to = line.trim().to_owned();
        if DatabaseUrl::parse(&to).is_none() {
            return Err(ConfigError(
                "standard input must be a URL that begins with sqlite: or postgres: and has only supported \
                 parameters"
                    .to_owned(),
            )
            .into());
        }
        Ok(to.into())
    }
}

/// Whether a URL contains a password, in either place where one is read.
fn has_password(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    url.password().is_some()
        || url.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case("password"))
}

fn rows(copied: &[CopiedTable]) -> u64 {
    copied.iter().map(|it| it.rows).sum()
}

fn report(out: Out, copied: &[CopiedTable], sentence: &str) -> Result<(), Error> {
    let value = json!({ "rows": rows(copied), "tables": copied });
    out.value(&value, |_| sentence.to_owned())
}

/// Writes a backup while servers keep running.
pub async fn back_up(app: &App, out: Out, file: &Path) -> Result<(), Error> {
    let bar = out.progress("Writing");
    bar.set_length(backup::count(&mut app.db.snapshot().await?).await?);
    let copied = backup::write(app, file, |n| bar.inc(n)).await?;
    bar.finish_and_clear();
    let bytes = files::length(file)?;
    let sentence = format!(
        "{}: {} rows of {} tables in {bytes} bytes. The key is not included: back it up too.\n",
        display_path(file),
        rows(&copied),
        copied.len()
    );
    report(out, &copied, &sentence)
}

/// Reads a backup into an empty database.
pub async fn restore(app: &App, out: Out, file: &Path, is_replaced: bool) -> Result<(), Error> {
    let bar = out.progress("Reading");
    let copied = backup::read(app, file, is_replaced, |n| bar.inc(n)).await?;
    bar.finish_and_clear();
    let sentence = format!(
        "Restored {} rows of {} tables. All sessions are ended, and mailed links no longer work.\n",
        rows(&copied),
        copied.len()
    );
    report(out, &copied, &sentence)
}

/// Copies all records to another database; the current one doesn't change.
pub async fn move_to(
    app: &Arc<App>,
    out: Out,
    to: Destination,
    is_replaced: bool,
) -> Result<(), Error> {
    let mut database = app.config.database.clone();
    let to = to.read()?;
    let refuse = |why: &str| Err(ConfigError(why.to_owned()).into());
    if let Some(DatabaseUrl::Sqlite(_, None)) = DatabaseUrl::parse(to.expose()) {
        return refuse("--to names a database in memory, which is lost when this command ends");
    }
    database.url = to;
    let target = Box::pin(Db::open(&Config { database, ..app.config.clone() })).await;
    let target = target.map_err(|it| ConfigError(it.chain().replace("database.url", "--to")))?;
    if app.db.is_same(&target).await? {
        return refuse("the destination is the database that is in use");
    }
    let bar = out.progress("Copying");
    bar.set_length(backup::count(&mut app.db.snapshot().await?).await?);
    let copied = backup::copy(app, &target, is_replaced, |n| bar.inc(n)).await?;
    bar.finish_and_clear();
    target.close().await;
    let sentence = format!(
        "Copied and compared {} rows of {} tables. Set database.url to the new database and start the \
         servers again; later changes to the old database are not copied.\n",
        rows(&copied),
        copied.len()
    );
    report(out, &copied, &sentence)
}

/// Records that this machine's clock is right.
pub async fn confirm_clock(app: &App, out: Out) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    if let Some(doubt) = app.timekeeper.confirm(&app.db, &mut tx).await? {
        return Err(ConfigError(doubt.to_string()).into());
    }
    record_by_operator(app, &mut tx, Entry::new(EventKind::ClockConfirmed, None)).await?;
    tx.commit().await?;
    out.done("Confirmed the clock; servers trust it within five minutes.")
}
