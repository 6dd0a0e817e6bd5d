//! Sign-ins with passkeys, and the verification that bounds their rate.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};

use crate::hashing::{CLIENTS, cores, per_second};
use crate::soft_passkey::{Challenge, SoftPasskey};
use crate::{Result, client};

/// Accounts with a passkey. More than clients, so that no account reaches the maximum of its sessions at once.
const ACCOUNTS: usize = 64;

const COOKIE: &str = "portcullis-passkey";

/// Sign-ins at a server with the passkeys of several accounts.
pub struct PasskeySignIns {
    address: SocketAddr,
    passkeys: Vec<Mutex<SoftPasskey>>,
    next: AtomicUsize,
}

impl PasskeySignIns {
    /// Signs up the accounts.
    pub fn prepare(address: SocketAddr) -> Result<Self> {
        let passkeys = (0..ACCOUNTS).map(|n| sign_up(address, n).map(Mutex::new));
        Ok(Self { address, passkeys: passkeys.collect::<Result<_>>()?, next: AtomicUsize::new(0) })
    }

    /// Returns the sign-ins per second. Each is two requests, over a connection each, and a signature made here.
    pub fn run(&self, time: Duration) -> Result<f64> {
        per_second(CLIENTS, time, || {
            || {
                let n = self.next.fetch_add(1, Ordering::Relaxed) % self.passkeys.len();
                let mut passkey = self.passkeys[n].lock().map_err(|_| "a client panicked")?;
                sign_in(self.address, &mut passkey)
            }
        })
    }
}

/// Gets a challenge, and the cookie that binds it.
fn begin(address: SocketAddr, path: &str, fields: &[(&str, &str)]) -> Result<(Challenge, String)> {
    let response = client::call(address, path, fields, "")?;
    let challenge = serde_json::from_slice(&response.body).ok();
    let mut cookies = response.headers("set-cookie").filter_map(|it| it.split(';').next());
    let cookie = cookies.find(|it| it.starts_with(COOKIE)).map(str::to_owned);
    challenge
        .and_then(|it| Challenge::read(&it))
        .zip(cookie)
        .ok_or_else(|| format!("{path} gave no challenge:\n{}", response.head).into())
}

fn sign_up(address: SocketAddr, n: usize) -> Result<SoftPasskey> {
    let email = format!("passkey{n}@example.com");
    let (challenge, cookie) =
        begin(address, "/api/sign-up/passkey/begin", &[("email", email.as_str())])?;
    let passkey = SoftPasskey::new(&challenge, &client::origin(address));
    let credential = passkey.register(&passkey.registration(&challenge));
    let fields =
        [("email", email.as_str()), ("token", &challenge.token), ("credential", &credential)];
    let response = client::call(address, "/api/sign-up/passkey", &fields, &cookie)?;
    match response.status {
        200 => Ok(passkey),
        _ => Err(format!("{email} was not signed up:\n{}", response.head).into()),
    }
}

fn sign_in(address: SocketAddr, passkey: &mut SoftPasskey) -> Result<()> {
    let (challenge, cookie) = begin(address, "/api/sign-in/passkey/begin", &[])?;
    let response = passkey.assertion(&challenge);
    let credential = passkey.sign(&response);
    let fields = [("token", challenge.token.as_str()), ("credential", &credential)];
    let response = client::call(address, "/api/sign-in/passkey", &fields, &cookie)?;
    match response.status {
        200 => Ok(()),
        _ => Err(format!("a passkey was refused:\n{}", response.head).into()),
    }
}

/// Returns how many P-256 signatures per second all cores verify.
pub fn bare(time: Duration) -> Result<f64> {
    let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
    let failed = |_| "no key could be made";
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(failed)?;
    let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random)
        .map_err(|it| it.to_string())?;
    // As long as authenticator data and the digest of client data.
    let signed = [7; 69];
    let signature = key.sign(&random, &signed).map_err(failed)?;
    per_second(cores(), time, || {
        || {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_key().as_ref())
                .verify(&signed, signature.as_ref())
                .map_err(|_| "a signature was wrong".into())
        }
    })
}
