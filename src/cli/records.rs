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
                "There is a new key in {}. Give it to all servers, and start them again.",
                display_path(&app.config.site.data.join("key"))
            )),
            KeyLocation::Setting(key) => out.value(&json!({ "site.key": key }), |_| {
                format!("Set site.key of all servers to this, and start them again:\n{key}\n")
            }),
        }
    }
}

/// The database to move to. A password is never an argument: every user of the machine can list arguments.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Destination {
    /// sqlite:FILE or postgres://…, without a password: put that into ~/.pgpass or PGPASSWORD.
    #[arg(long, value_name = "ADDRESS")]
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
                "--to holds a password, which all who may list processes see: leave it out and put it \
                 into ~/.pgpass or PGPASSWORD, or use --to-stdin",
            ),
            Some(to) if DatabaseUrl::parse(to).is_none() => refuse(
                "--to wants an address that begins with sqlite: or postgres:, with parameters that these know",
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
                "standard input wants an address that begins with sqlite: or postgres:, with parameters that \
                 these know"
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
        "{}: {} rows of {} tables in {bytes} octets. The key is not in it: keep it too.\n",
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
        "{} rows of {} tables are back. All sessions are ended, and links that were mailed no longer \
         work.\n",
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
        return refuse(
            "--to names a database in memory, which would be gone when this command ends",
        );
    }
    database.url = to;
    let target = Box::pin(Db::open(&Config { database, ..app.config.clone() })).await;
    let target = target.map_err(|it| ConfigError(it.chain().replace("database.url", "--to")))?;
    if app.db.is_same(&target).await? {
        return refuse("that is the database that is in use");
    }
    let bar = out.progress("Moving");
    bar.set_length(backup::count(&mut app.db.snapshot().await?).await?);
    let copied = backup::copy(app, &target, is_replaced, |n| bar.inc(n)).await?;
    bar.finish_and_clear();
    target.close().await;
    let sentence = format!(
        "{} rows of {} tables are there and are the same. Set database.url to it, and start the \
         servers again; what was written here since is not there.\n",
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
    out.done("The clock is confirmed; servers go by it within five minutes.")
}
