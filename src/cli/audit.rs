//! `portcullis audit`.

use std::fmt::Write as _;

use clap::{Args, Subcommand};

use crate::admin::server::manage;
use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::audit::server::file::{Format, Writer};
use crate::audit::server::search::{self, EventFilter, Reader};
use crate::audit::server::verify::{self, Fault, KeptEnds, Verdict};
use crate::cli::Outcome;
use crate::cli::find::find;
use crate::error::{AppError, RequestProblem};
use crate::role::server::{COMMAND_LINE, record_by_operator};
use crate::server::out::{Out, write};
use crate::server::{App, Error};
use crate::text::utc;
use crate::user::parse_day;

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Print events, newest first.
    List {
        #[command(flatten)]
        filter: FilterArgs,
        /// The maximum number of events.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Verify the chain: names the first event that was changed or is missing.
    ///
    /// Exits with 3 if there is one. The newest events may not be in the chain yet.
    Verify {
        /// Both ends of the chain, or only the last one, as printed earlier and kept elsewhere: the chain
        /// must still contain them.
        #[arg(long, value_name = "NUMBER:DIGEST..NUMBER:DIGEST")]
        head: Option<KeptEnds>,
    },
    /// Write all events to standard output, oldest first.
    Export {
        #[command(flatten)]
        filter: FilterArgs,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Only actions of this user on others: an email address, an id, or command-line.
    #[arg(long)]
    actor: Option<String>,
    /// Only events of this user's account: an email address or an id.
    #[arg(long)]
    user: Option<String>,
    /// Only events of this kind, such as `signed_in`.
    #[arg(long, value_parser = kind)]
    kind: Option<EventKind>,
    /// Only events from this day on, such as 2026-11-24 (UTC).
    #[arg(long, value_parser = day)]
    from: Option<i64>,
    /// Only events before this day.
    #[arg(long, value_parser = day)]
    until: Option<i64>,
}

fn day(text: &str) -> Result<i64, &'static str> {
    parse_day(text).ok_or("expected a date like 2026-11-24")
}

fn kind(word: &str) -> Result<EventKind, String> {
    EventKind::from_word(word).ok_or_else(|| {
        let words: Vec<_> = EventKind::ALL.iter().map(|it| it.as_str()).collect();
        format!("expected one of {}", words.join(", "))
    })
}

impl FilterArgs {
    async fn filter(&self, app: &App) -> Result<EventFilter, Error> {
        Ok(EventFilter {
            actor: match self.actor.as_deref() {
                Some(COMMAND_LINE) => Some(COMMAND_LINE.to_owned()),
                Some(user) => Some(find(app, user).await?.as_str().to_owned()),
                None => None,
            },
            subject: match &self.user {
                // An account that is gone has events still.
                Some(user) => Some(match manage::find(app, user).await {
                    Ok(id) => id.as_str().to_owned(),
                    Err(Error::Refused(AppError::Request(RequestProblem::NotFound))) => {
                        user.clone()
                    }
                    Err(error) => return Err(error),
                }),
                None => None,
            },
            kind: self.kind,
            from: self.from,
            until: self.until,
        })
    }
}

impl AuditCommand {
    pub async fn run(self, app: &App, out: Out) -> Result<Outcome, Error> {
        match self {
            Self::List { filter, limit } => {
                let filter = filter.filter(app).await?;
                let events = search::find(app, &filter, None, limit.into()).await?;
                let heads = ["time", "event", "user", "actor", "details", "IP address"];
                out.list(&events, heads, |it| {
                    [
                        utc(it.at),
                        it.kind.clone(),
                        it.user.clone().or_else(|| it.user_id.clone()).unwrap_or_default(),
                        it.actor_name.clone().unwrap_or_else(|| it.actor.clone()),
                        it.about.clone(),
                        it.address.clone(),
                    ]
                })?;
                Ok(Outcome::Success)
            }
            Self::Verify { head } => verify(app, out, head.as_ref()).await,
            Self::Export { filter, format } => export(app, filter.filter(app).await?, format).await,
        }
    }
}

async fn verify(app: &App, out: Out, kept: Option<&KeptEnds>) -> Result<Outcome, Error> {
    let bar = out.progress("Verifying");
    let verdict = verify::verify(app, kept, |read, all| {
        bar.set_length(u64::try_from(all).unwrap_or(0));
        bar.set_position(u64::try_from(read).unwrap_or(0));
    })
    .await?;
    bar.finish_and_clear();
    out.value(&verdict, describe)?;
    Ok(if verdict.broken.is_none() { Outcome::Success } else { Outcome::CheckFailed })
}

fn describe(it: &Verdict) -> String {
    let (checked, start, head) = (it.checked, &it.start, &it.head);
    let mut text = format!("{checked} events checked; the chain is sealed up to {head}.\n");
    if start.position > 0 {
        let _ = writeln!(text, "Events up to {} were dropped as too old.", start.position);
    }
    if let Some(dropped) = it.dropped.filter(|it| *it > 0) {
        let _ = writeln!(
            text,
            "{dropped} of them were dropped since the given start was printed. Check that this fits the \
             time since then: an attacker who can write to the whole database can drop events too."
        );
    }
    if it.is_start_without_digest {
        text.push_str(
            "An earlier version dropped them without recording their digest: compare the start with an \
             older log line or export.\n",
        );
    }
    if it.unsealed > 0 {
        let _ = writeln!(text, "{} events are not sealed yet.", it.unsealed);
    }
    let Some(broken) = &it.broken else {
        let _ = writeln!(text, "To compare with this state later, use --head {start}..{head}");
        text.push_str("No event was changed or is missing.\n");
        return text;
    };
    let what = match broken.what {
        Fault::Missing => "is missing",
        Fault::Changed => "was changed",
        Fault::OtherHead => "is not the sealed end of the chain",
        Fault::Dropped => "is where the chain starts now; the given end lies before it",
        Fault::BeforeStart => "lies before the start of the chain, where no event is allowed",
        Fault::Start => {
            "is where the chain starts now, but it is not the given start, or no event in the chain \
             records the deletion of those before it, or audit.keep is forever"
        }
        Fault::Counts => "is the last, but the counts per day differ from the events in the chain",
    };
    let id = broken.event_id.iter().map(|it| format!(" ({it})"));
    let _ = writeln!(text, "Event {}{} {what}.", broken.position, id.collect::<String>());
    text
}

async fn export(app: &App, filter: EventFilter, format: Format) -> Result<Outcome, Error> {
    let mut tx = app.db.begin().await?;
    record_by_operator(app, &mut tx, Entry::new(EventKind::AuditExported, None)).await?;
    tx.commit().await?;
    let mut writer = Writer::new(format);
    let mut reader = Reader::begin(app, filter).await?;
    while let Some(events) = reader.next(app).await? {
        if !write(&writer.write(&events)?)? {
            break;
        }
    }
    Ok(Outcome::Success)
}
