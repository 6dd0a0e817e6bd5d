//! Data and actions of the mail, provider and limit pages.

use super::{LimitForm, LimitRow, LimitRows, MailRow, MailRows, MailState, ProviderRow};
use crate::admin::server::account;
use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::error::RequestProblem;
use crate::mail::server::outbox::{self, ListedMail};
use crate::password::server::failures;
use crate::role::Permission;
use crate::role::server::Principal;
use crate::server::limits;
use crate::server::{App, Context, Error};

/// Mails per page.
const PAGE: usize = 50;

/// The name that the password lock has among the limits.
const PASSWORD: &str = "password";

/// Returns a page of the outbox.
pub async fn mails(app: &App, before: &str) -> Result<MailRows, Error> {
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut mails = outbox::list(&app.db, before, limit).await?;
    let has_more = mails.len() > PAGE;
    mails.truncate(PAGE);
    let last = mails.last().filter(|_| has_more).map(|it| it.id.clone());
    let row = |it: ListedMail| MailRow {
        state: state(&it),
        name: it.name,
        recipient: it.recipient,
        created_at: it.created_at,
        problem: it.problem,
    };
    Ok(MailRows {
        first: (!before.is_empty()).then(|| "/admin/mail".to_owned()),
        next: last.map(|it| format!("/admin/mail?before={it}")),
        mails: mails.into_iter().map(row).collect(),
        now: app.clock.now(),
    })
}

fn state(it: &ListedMail) -> MailState {
    match (it.sent_at, it.given_up_at, it.tries) {
        (Some(at), ..) => MailState::Sent { at },
        (_, Some(at), _) => MailState::GivenUp { at },
        (_, _, 0) => MailState::Queued,
        (_, _, tries) => MailState::Retrying { tries, next_at: it.due_at },
    }
}

/// Returns the configured providers and whether they respond.
pub async fn providers(app: &App) -> Result<Vec<ProviderRow>, Error> {
    let states = app.providers.states(app).await?.into_iter();
    Ok(states
        .map(|it| ProviderRow {
            label: it.label,
            protocol: it.protocol.to_owned(),
            issuer: it.issuer,
            callback: it.callback,
            linked: it.linked,
            is_down: it.problem.is_some(),
        })
        .collect())
}

/// Returns the limits in force, including password locks.
pub async fn limits(app: &App) -> Result<LimitRows, Error> {
    let mut rows: Vec<LimitRow> = limits::reached(app)
        .await?
        .into_iter()
        .map(|it| LimitRow { name: it.name, subject: it.subject, until: Some(it.free_at) })
        .collect();
    rows.extend(failures::in_force(app).await?.into_iter().map(|(subject, until)| LimitRow {
        name: PASSWORD.to_owned(),
        subject,
        until,
    }));
    Ok(LimitRows { limits: rows, now: app.clock.now() })
}

/// Clears what one limit has counted. If it is on a user's account, the actor must be allowed to act on that
/// user.
pub async fn lift(cx: &Context, form: &LimitForm) -> Result<(), Error> {
    let app = &cx.app;
    let by = Principal::fresh(cx).await?;
    let (name, subject) = form.part.as_str().split_once(' ').ok_or(RequestProblem::BadRequest)?;
    let owners = account::find_owners(app, name, subject).await?;
    let mut tx = app.db.begin().await?;
    let acting = if owners.is_empty() {
        by.authorize(app, &mut tx, Permission::LimitsLift).await?
    } else {
        account::begin_lift(app, &mut tx, &by, &owners, (name, subject)).await?
    };
    let is_lifted = if name == PASSWORD {
        failures::lift(&mut tx, subject).await?
    } else {
        limits::lift(&mut tx, name, subject).await?
    };
    if is_lifted {
        let about = form.part.as_str();
        for user_id in &owners {
            let entry = Entry::new(EventKind::LimitLifted, Some(user_id)).about(about);
            acting.record(app, &mut tx, entry).await?;
        }
        if owners.is_empty() {
            let entry = Entry::new(EventKind::LimitLifted, None).about(about);
            acting.record(app, &mut tx, entry).await?;
        }
    }
    tx.commit().await
}
