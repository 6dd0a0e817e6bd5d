//! The files of `migrations/`, embedded in the program. `sqlx::migrate!` would find them by itself, but its
//! macro would compile both drivers a second time for the compiler's own use.

use std::sync::LazyLock;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// A migration's file name without its extension, and its text.
type MigrationSource = (&'static str, &'static str);

macro_rules! migration {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../migrations/", $name, ".sql")))
    };
}

/// The migrations, in order of their numbers. A new file needs a row here (`tests/it/storage.rs`).
const FILES: [MigrationSource; 23] = [
    migration!("0001_accounts"),
    migration!("0002_mails"),
    migration!("0003_audit_events"),
    migration!("0004_tickets"),
    migration!("0005_limits"),
    migration!("0006_account_life"),
    migration!("0007_mailed_sign_ins"),
    migration!("0008_mailed_sign_ins_of_accounts"),
    migration!("0009_unproven_accounts"),
    migration!("0010_roles"),
    migration!("0011_administration"),
    migration!("0012_audit_chain"),
    migration!("0013_audit_of_a_user"),
    migration!("0014_notice_numbers"),
    migration!("0015_jobs"),
    migration!("0016_time_and_use"),
    migration!("0017_sign_in_attempts"),
    migration!("0018_second_factors"),
    migration!("0019_trusted_browsers"),
    migration!("0020_passkeys"),
    migration!("0021_review_and_providers"),
    migration!("0022_posted_callbacks"),
    migration!("0023_unfinished_sign_ups"),
];

pub(super) static MIGRATIONS: LazyLock<Migrator> =
    LazyLock::new(|| Migrator::with_migrations(FILES.into_iter().map(parse).collect()));

/// Parses the number and the description from a file name, as sqlx does.
fn parse((name, sql): MigrationSource) -> Migration {
    let (number, description) = name.split_once('_').unwrap_or((name, ""));
    let version = number.parse().unwrap_or_default();
    let description = description.replace('_', " ").into();
    Migration::new(version, description, MigrationType::Simple, sql.into_sql_str(), false)
}
