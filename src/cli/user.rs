//! `portcullis user`.

use std::fmt::Write as _;

use clap::Subcommand;
use serde::Serialize;
use serde_json::json;

use crate::admin::server::manage::{self, NewUser, RoleChange};
use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::cli::factor::FactorCommand;
use crate::cli::find::find;
use crate::cli::password::PasswordSource;
use crate::error::{AppError, Problems, RequestProblem};
use crate::export::server::read;
use crate::linked_account::server::of_user;
use crate::password::NewPassword;
use crate::password::server::hash_new;
use crate::role::ADMINISTRATOR;
use crate::role::server::{self as roles, Principal};
use crate::second_factor_policy::server::Held;
use crate::server::config::ConfigError;
use crate::server::out::{Out, utc_or_dash};
use crate::server::{App, Error};
use crate::session::server::{list_of, trusted};
use crate::sign_up::server::invite;
use crate::text::utc;
use crate::user::server::UserId;
use crate::user::server::search::{self, ListedUser, Sort, UserFilter, UserState};
use crate::user::{Disabling, DisplayName, Email};

/// USER is an email address or an id.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Create a user with a verified email address.
    ///
    /// Without a password, a link to choose one is mailed to the user.
    Create {
        email: Email,
        /// The display name.
        #[arg(long, default_value = "")]
        name: String,
        /// Give the role administrator.
        #[arg(long)]
        admin: bool,
        /// Give this role; repeatable.
        #[arg(long, value_name = "ROLE")]
        role: Vec<String>,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// List users, newest first.
    List {
        /// Words that email addresses or names contain.
        words: Vec<String>,
        /// Only users who are disabled, unverified or deleting.
        #[arg(long, value_parser = ["disabled", "unverified", "deleting"])]
        state: Option<String>,
        /// Only users with this role.
        #[arg(long)]
        role: Option<String>,
        #[arg(long, default_value = "-created", value_parser = ["-created", "created", "email", "-email"], allow_hyphen_values = true)]
        sort: String,
        /// The maximum number of users.
        #[arg(long, default_value_t = 50)]
        limit: u16,
        /// Start after the user with this id.
        #[arg(long, default_value = "")]
        after: String,
    },
    /// Show a user's state, roles, linked accounts, sessions, second factors, trusted browsers and latest events.
    Show { user: String },
    /// Disable a user and end their sessions.
    Disable {
        user: String,
        /// The reason, shown to administrators.
        #[arg(long)]
        reason: String,
        /// Enable the user again on this day, such as 2026-12-24.
        #[arg(long, value_parser = day)]
        until: Option<String>,
    },
    /// Enable a user.
    Enable { user: String },
    /// Invite an email address to sign up: mails a link and prints it.
    Invite {
        email: Email,
        /// The role that the new user gets.
        #[arg(long)]
        role: Option<String>,
    },
    /// Assign roles to a user or unassign them; without options, list them.
    Roles {
        user: String,
        /// Give this role; repeatable.
        #[arg(long, value_name = "ROLE")]
        add: Vec<String>,
        /// Take this role away; repeatable.
        #[arg(long, value_name = "ROLE")]
        remove: Vec<String>,
    },
    /// Mail a link to reset the password, and print it.
    PasswordLink { user: String },
    /// List a user's sessions.
    Sessions {
        user: String,
        /// End all of them.
        #[arg(long)]
        end: bool,
    },
    /// List a user's second factors, or remove one.
    Factors {
        #[command(subcommand)]
        command: FactorCommand,
    },
    /// Close an account at once, and delete it after the grace period.
    Delete {
        user: String,
        /// Delete it immediately; this can't be undone.
        #[arg(long)]
        now: bool,
    },
    /// Cancel a pending account deletion.
    Restore { user: String },
    /// Print all data about a user, as JSON.
    Export { user: String },
}

fn day(text: &str) -> Result<String, &'static str> {
    crate::user::parse_day(text).map(|_| text.to_owned()).ok_or("expected a date like 2026-12-24")
}

impl UserCommand {
    pub async fn run(self, app: &App, out: Out) -> Result<(), Error> {
        let by = Principal::operator();
        match self {
            Self::Create { email, name, admin, mut role, password } => {
                role.extend(admin.then(|| ADMINISTRATOR.to_owned()));
                create(app, out, (&email, &name), &role, password).await
            }
            Self::List { words, state, role, sort, limit, after } => {
                let filter = UserFilter {
                    words: words.join(" "),
                    state: state.as_deref().and_then(UserState::from_word),
                    role: role_of(app, role).await?,
                    sort: Sort::from_word(&sort).unwrap_or_default(),
                };
                list(app, out, &filter, &after, limit).await
            }
            Self::Show { user } => show(app, out, &find(app, &user).await?).await,
            Self::Disable { user, reason, until } => {
                let user_id = find(app, &user).await?;
                disable(app, out, &user_id, (&reason, until.as_deref().unwrap_or_default())).await
            }
            Self::Enable { user } => {
                manage::enable(app, &by, &find(app, &user).await?, None).await?;
                out.done("Enabled the user.")
            }
            Self::Invite { email, role } => {
                let role = role_of(app, role).await?;
                print_link(out, &invite(app, &by, &email, role.as_deref()).await?)
            }
            Self::Roles { user, add, remove } => {
                change_roles(app, out, &find(app, &user).await?, &add, &remove).await
            }
            Self::PasswordLink { user } => {
                let user_id = find(app, &user).await?;
                print_link(out, &manage::send_password_link(app, &by, &user_id).await?)
            }
            Self::Sessions { user, end: false } => {
                super::session::list(app, out, &find(app, &user).await?).await
            }
            Self::Sessions { user, end: true } => {
                manage::end_sessions(app, &by, &find(app, &user).await?).await?;
                out.done("Ended all sessions of the user.")
            }
            Self::Factors { command } => command.run(app, out).await,
            Self::Delete { user, now: true } => {
                manage::delete_now(app, &by, &find(app, &user).await?).await?;
                out.done("Deleted the user.")
            }
            Self::Delete { user, now: false } => {
                manage::delete(app, &by, &find(app, &user).await?, None).await?;
                out.done("Closed the account; it is deleted after the grace period.")
            }
            Self::Restore { user } => {
                manage::restore(app, &by, &find(app, &user).await?, None).await?;
                out.done("Cancelled the account deletion.")
            }
            Self::Export { user } => export(app, &find(app, &user).await?).await,
        }
    }
}

async fn role_id(app: &App, name: &str) -> Result<String, Error> {
    let found = roles::find(app, name).await?;
    found.ok_or_else(|| ConfigError(format!("there is no role {name:?}")).into())
}

async fn role_of(app: &App, name: Option<String>) -> Result<Option<String>, Error> {
    match name {
        Some(name) => role_id(app, &name).await.map(Some),
        None => Ok(None),
    }
}

fn print_link(out: Out, link: &str) -> Result<(), Error> {
    out.value(&json!({ "link": link }), |_| format!("{link}\n"))
}

async fn disable(
    app: &App,
    out: Out,
    user_id: &UserId,
    (reason, until): (&str, &str),
) -> Result<(), Error> {
    let disabling = Disabling::parse(reason, until, app.clock.now())
        .map_err(|it| AppError::Invalid(Problems { disable: Some(it), ..Problems::default() }))?;
    manage::disable(app, &Principal::operator(), user_id, None, &disabling).await?;
    out.done("Disabled the user and ended all their sessions.")
}

async fn role_ids(app: &App, names: &[String]) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(role_id(app, name).await?);
    }
    Ok(ids)
}

async fn create(
    app: &App,
    out: Out,
    (email, name): (&Email, &str),
    roles: &[String],
    password: PasswordSource,
) -> Result<(), Error> {
    let at_name = |it| Problems { display_name: Some(it), ..Problems::default() };
    let name: DisplayName = name.parse().map_err(|it| AppError::Invalid(at_name(it)))?;
    let roles = role_ids(app, roles).await?;
    let hash = match password.read()? {
        Some(secret) => {
            let at = |it| Problems { password: Some(it), ..Problems::default() };
            let new = NewPassword::parse(&secret, app.config.password.min_length)
                .map_err(|it| AppError::Invalid(at(it)))?;
            Some(hash_new(app, &new, &[email.as_str(), name.as_str()], at).await?.hash)
        }
        None => None,
    };
    let by = Principal::operator();
    let new = NewUser { email, name: &name, password: hash.as_ref(), roles: &roles };
    let user_id = manage::create(app, &by, &new).await?;
    let link = match hash {
        Some(_) => None,
        None => Some(manage::send_password_link(app, &by, &user_id).await?),
    };
    out.value(&json!({ "id": user_id, "password_link": link }), |_| {
        let link = link.iter().map(|it| format!("One-time link to choose a password: {it}\n"));
        format!("Created {email}: {user_id}\n{}", link.collect::<String>())
    })
}

async fn list(
    app: &App,
    out: Out,
    filter: &UserFilter,
    after: &str,
    limit: u16,
) -> Result<(), Error> {
    let found = search::find(app, filter, after, limit.into()).await?;
    let found = found.ok_or_else(|| ConfigError(format!("there is no user {after:?}")))?;
    let heads = ["id", "email", "name", "created", "last seen", "state", "roles"];
    out.list(&found.users, heads, |it| {
        [
            it.id.clone(),
            it.email.clone().unwrap_or_else(|| "-".to_owned()),
            it.display_name.clone(),
            utc(it.created_at),
            utc_or_dash(it.seen_at),
            states(it, app.clock.now()),
            it.roles.clone().unwrap_or_default(),
        ]
    })
}

fn states(it: &ListedUser, now: i64) -> String {
    let is_disabled = it.disabled_at.is_some() && it.disabled_until.is_none_or(|end| end > now);
    let all = [
        is_disabled.then_some("disabled"),
        it.email_verified_at.is_none().then_some("unverified"),
        it.deletes_at.is_some().then_some("deleting"),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Everything that `show` prints about a user.
#[derive(Serialize)]
struct UserDetails {
    #[serde(flatten)]
    user: ListedUser,
    linked_accounts: Vec<String>,
    sessions: usize,
    second_factors: i64,
    trusted_browsers: i64,
    events: Vec<crate::audit::server::search::Event>,
}

async fn show(app: &App, out: Out, user_id: &UserId) -> Result<(), Error> {
    let user = search::find_one(app, user_id).await?.ok_or(RequestProblem::NotFound)?;
    let filter = crate::audit::server::search::EventFilter {
        subject: Some(user.id.clone()),
        ..Default::default()
    };
    let links = of_user(app, user_id).await?;
    let mut tx = app.db.snapshot().await?;
    let second_factors = Held::of(&mut tx, user_id).await?.count();
    let trusted_browsers = match trusted::trust_period(app) {
        Some(period) => trusted::count(app, &mut tx, user_id, period).await?,
        None => 0,
    };
    drop(tx);
    let shown = UserDetails {
        linked_accounts: links
            .into_iter()
            .map(|it| it.view(app))
            .map(|it| format!("{} ({})", it.label, it.account))
            .collect(),
        sessions: list_of(app, user_id).await?.len(),
        second_factors,
        trusted_browsers,
        events: crate::audit::server::search::find(app, &filter, None, 20).await?,
        user,
    };
    out.value(&shown, |it| {
        let now = app.clock.now();
        let mut rows = vec![
            ("id", it.user.id.clone()),
            ("email", it.user.email.clone().unwrap_or_else(|| "-".to_owned())),
            ("verified", utc_or_dash(it.user.email_verified_at)),
            ("name", it.user.display_name.clone()),
            ("created", utc(it.user.created_at)),
            ("state", states(&it.user, now)),
            ("roles", it.user.roles.clone().unwrap_or_default()),
            ("linked", it.linked_accounts.join(", ")),
            ("sessions", it.sessions.to_string()),
            ("factors", it.second_factors.to_string()),
            ("trusted", it.trusted_browsers.to_string()),
        ];
        if it.user.disabled_at.is_some() {
            let until = it.user.disabled_until.map(|at| format!("until {}: ", utc(at)));
            rows.push(("disabled", until.unwrap_or_default() + &it.user.disabled_reason));
        }
        if it.user.deletes_at.is_some() {
            rows.push(("deletion", utc_or_dash(it.user.deletes_at)));
        }
        let mut text = String::new();
        for (name, value) in rows {
            let _ = writeln!(text, "{name:9} {value}");
        }
        for event in &it.events {
            let what = EventKind::from_word(&event.kind)
                .map_or_else(|| event.kind.clone(), |it| it.to_string());
            let _ = writeln!(text, "{}  {what}  {}", utc(event.at), event.about);
        }
        text
    })
}

async fn change_roles(
    app: &App,
    out: Out,
    user_id: &UserId,
    add: &[String],
    remove: &[String],
) -> Result<(), Error> {
    if add.is_empty() && remove.is_empty() {
        let held = roles::of_user(app, user_id).await?;
        let held: Vec<_> =
            held.into_iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
        return out
            .list(&held, ["role"], |it| [it["name"].as_str().unwrap_or_default().to_owned()]);
    }
    let (add, remove) = (role_ids(app, add).await?, role_ids(app, remove).await?);
    let change = RoleChange { add: &add, remove: &remove };
    manage::change_roles(app, &Principal::operator(), user_id, None, &change).await?;
    out.done("Changed the user's roles.")
}

async fn export(app: &App, user_id: &UserId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    roles::record_by_operator(app, &mut tx, Entry::new(EventKind::Exported, Some(user_id))).await?;
    let export = read(app, &mut tx, user_id).await?;
    tx.commit().await?;
    Out { json: true }.value(&export, |_| String::new())
}
