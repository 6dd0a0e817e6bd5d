//! The whole server from the outside: every test speaks HTTP to the real router over a real database, or to
//! the real binary.
//!
//! All tests are one binary, so that it links once. Tests that use the database run on SQLite and again on
//! PostgreSQL, whose URL `scripts/postgres run` puts into `PORTCULLIS_TEST_POSTGRES`.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(
    clippy::assigning_clones,
    clippy::duration_suboptimal_units,
    clippy::inconsistent_struct_constructor,
    clippy::too_many_lines,
    clippy::unused_self,
    reason = "a test is read from top to bottom, once"
)]
#![expect(non_snake_case, reason = "tests are named after requirements: v5_0_0__6_2_1__what")]

#[macro_use]
mod support;

mod accepted_factors;
mod activity;
mod address;
mod administration;
mod attempts;
mod audit_chain;
mod authenticator_codes;
mod backup;
mod breached;
mod ceilings;
mod cli;
mod clock;
mod command_reference;
mod commands;
mod connections;
mod cookies;
mod database_lock;
mod deletion;
mod errors;
mod every_input;
mod export;
mod factor_changes;
mod files;
mod finish_sign_up;
mod form_post;
mod groups;
mod impersonation;
mod input;
mod jobs;
mod limits;
mod linking;
mod mail;
mod mail_server;
mod mail_words;
mod mailed_sign_in;
mod managing;
mod modules;
mod multi_factor_provider;
mod notices;
mod oauth;
mod oidc;
mod outage;
mod pages;
mod passkey;
mod passkey_sign_in;
mod permissions;
mod places;
mod profile;
mod profiles;
mod properties;
mod quirks;
mod races;
mod reauthentication;
mod recipients;
mod recovery;
mod replicas;
mod requests;
mod return_address;
mod rights;
mod roles;
mod running;
mod second_factor;
mod second_factor_set_up;
mod sessions;
mod set_up;
mod settings;
mod sign_in;
mod sign_up;
mod skew;
mod social;
mod storage;
mod tickets;
mod tidy;
mod typed_text;
mod verification;
mod walk;
mod web;
