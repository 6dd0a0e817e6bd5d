//! A software authenticator (WebAuthn, section 6), which also signs what no honest one would.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

pub const USER_PRESENT: u8 = 1;
pub const USER_VERIFIED: u8 = 1 << 2;
pub const BACKUP_ELIGIBLE: u8 = 1 << 3;
pub const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_owned()
}

fn random<const N: usize>() -> [u8; N] {
    ring::rand::generate(&SystemRandom::new()).unwrap().expose()
}

/// A challenge, as a `begin` function returns it.
#[derive(Clone, Debug)]
pub struct Challenge {
    pub options: Value,
    pub token: String,
}

/// A passkey.
#[derive(Debug)]
pub struct SoftPasskey {
    key: EcdsaKeyPair,
    pub id: Vec<u8>,
    pub handle: Vec<u8>,
    /// Stays 0 for one that counts nothing.
    pub counter: u32,
    pub flags: u8,
    pub is_discoverable: bool,
    origin: String,
    rp_id: String,
}

/// What an authenticator signs. Tests change its fields.
#[derive(Clone, Debug)]
pub struct Response {
    pub kind: &'static str,
    pub challenge: String,
    pub origin: String,
    pub cross_origin: bool,
    pub rp_id: String,
    pub flags: u8,
    pub counter: u32,
    pub id: Vec<u8>,
    pub handle: Option<Vec<u8>>,
    pub breaks_signature: bool,
    pub aaguid: [u8; 16],
}

impl Response {
    fn client_data(&self) -> Vec<u8> {
        json!({
            "type": self.kind,
            "challenge": self.challenge,
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        })
        .to_string()
        .into_bytes()
    }

    fn authenticator_data(&self) -> Vec<u8> {
        let mut data = sha256(self.rp_id.as_bytes());
        data.push(self.flags);
        data.extend(self.counter.to_be_bytes());
        data
    }
}

impl Challenge {
    /// Reads what a `begin` function returned.
    pub fn read(answer: &Value) -> Option<Self> {
        Some(Self {
            options: serde_json::from_str(answer["options"].as_str()?).ok()?,
            token: answer["token"].as_str()?.to_owned(),
        })
    }
}

impl SoftPasskey {
    /// Creates a passkey for the challenge's account and relying party; ignores the other options.
    pub fn new(challenge: &Challenge, origin: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self {
            key: EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap(),
            id: self::random::<16>().to_vec(),
            handle: decode(challenge.options["user"]["id"].as_str().unwrap()),
            counter: 0,
            flags: USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE | BACKED_UP,
            is_discoverable: true,
            origin: origin.to_owned(),
            rp_id: challenge.options["rp"]["id"].as_str().unwrap().to_owned(),
        }
    }

    fn response(&self, kind: &'static str, challenge: &Challenge) -> Response {
        Response {
            kind,
            challenge: challenge.options["challenge"].as_str().unwrap().to_owned(),
            origin: self.origin.clone(),
            cross_origin: false,
            rp_id: self.rp_id.clone(),
            flags: self.flags,
            counter: self.counter,
            id: self.id.clone(),
            handle: Some(self.handle.clone()),
            breaks_signature: false,
            aaguid: [0; 16],
        }
    }

    /// Returns the response to a challenge for a new passkey.
    pub fn registration(&self, challenge: &Challenge) -> Response {
        self.response("webauthn.create", challenge)
    }

    /// Returns the response to a challenge for this passkey, and counts it unless the passkey counts nothing.
    pub fn assertion(&mut self, challenge: &Challenge) -> Response {
        if self.counter > 0 {
            self.counter += 1;
        }
        self.response("webauthn.get", challenge)
    }

    /// Writes a response for a new passkey as the browser does: without attestation (WebAuthn, section 8.7).
    pub fn register(&self, response: &Response) -> String {
        let mut data = Response { flags: response.flags | HAS_CREDENTIAL, ..response.clone() }
            .authenticator_data();
        data.extend(response.aaguid);
        data.extend(u16::try_from(response.id.len()).unwrap().to_be_bytes());
        data.extend(&response.id);
        // The public key in CBOR (RFC 9053, section 7.1): EC2, ES256, P-256, x, y.
        let point = self.key.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x59");
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(&data);
        json!({
            "id": encode(&response.id),
            "rawId": encode(&response.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": self.is_discoverable } },
            "response": {
                "attestationObject": encode(&object),
                "authenticatorData": encode(&data),
                "clientDataJSON": encode(&response.client_data()),
                "transports": ["internal", "hybrid"],
                "publicKeyAlgorithm": -7,
            },
        })
        .to_string()
    }

    /// Signs a response as the authenticator does, and writes it as the browser does.
    pub fn sign(&self, response: &Response) -> String {
        let data = response.authenticator_data();
        let client_data = response.client_data();
        let signed = [data.as_slice(), &sha256(&client_data)].concat();
        let mut signature =
            self.key.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_owned();
        if response.breaks_signature {
            *signature.last_mut().unwrap() ^= 1;
        }
        let mut written = json!({
            "authenticatorData": encode(&data),
            "clientDataJSON": encode(&client_data),
            "signature": encode(&signature),
        });
        if let Some(handle) = &response.handle {
            written["userHandle"] = encode(handle).into();
        }
        json!({
            "id": encode(&response.id),
            "rawId": encode(&response.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": written,
        })
        .to_string()
    }
}
