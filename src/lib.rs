//! Portcullis: sign-in and accounts in one binary.
//!
//! A feature is a folder: `mod.rs` declares what browser and server share, `page.rs` renders it,
//! and `server` implements it. Read `profile` first, then `sign_in`.

// The view of a form is one type, nested as deeply as the form.
#![recursion_limit = "256"]
#![cfg_attr(test, expect(non_snake_case, reason = "tests are named after ASVS ids"))]

pub mod app;
pub mod device;
pub mod error;
pub mod form;
pub mod notice;
pub mod outcome;
pub mod paths;
mod problem;
pub mod return_to;
pub mod secret;
pub mod text;
pub mod ui;
pub mod visit;

pub mod known_place;
pub mod linked_account;
pub mod proof;
pub mod role;
pub mod session;
pub mod user;

pub mod password;
pub mod social;

pub mod mailed_sign_in;
pub mod set_up;
pub mod sign_in;
pub mod sign_up;

pub mod authenticator_app;
pub mod passkey;
pub mod recovery_code;
pub mod second_factor;
pub mod second_factor_policy;

pub mod access_revocation;
pub mod security_notice;
pub mod sign_in_methods;
pub mod ticket;

pub mod reauthentication;
pub mod recovery;
pub mod verification;

pub mod auth_pages;
pub mod deletion;
pub mod export;

pub mod audit;
pub mod mail;

pub mod admin;
pub mod dashboard;
pub mod profile;
pub mod security;
pub mod viewer;

#[cfg(feature = "ssr")]
pub mod backup;
#[cfg(feature = "ssr")]
pub mod cli;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub mod site;

#[cfg(feature = "hydrate")]
mod hydrate;
