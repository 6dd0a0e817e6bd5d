//! Ceremonies with a software authenticator.

pub use super::soft_passkey::*;
use super::{Browser, TestResponse};

impl Browser {
    /// Gets a challenge from this `begin` function.
    pub async fn challenge(&mut self, path: &str, fields: &[(&str, &str)]) -> Challenge {
        let answer = self.call(path, fields).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        Challenge::read(&answer.json()).unwrap()
    }

    /// Adds a passkey as the hydrated page does.
    pub async fn add_passkey(&mut self, name: &str) -> SoftPasskey {
        let challenge = self.challenge("/api/passkeys/begin", &[]).await;
        let passkey = SoftPasskey::new(&challenge, &self.origin);
        let credential = passkey.register(&passkey.registration(&challenge));
        let answer = self.finish_passkey(&challenge, &credential, name).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        passkey
    }

    pub async fn finish_passkey(
        &mut self,
        challenge: &Challenge,
        credential: &str,
        name: &str,
    ) -> TestResponse {
        let fields = [
            ("token", challenge.token.as_str()),
            ("credential", credential),
            ("passkey_name", name),
        ];
        self.call("/api/passkeys/add", &fields).await
    }

    /// Signs in with a passkey as the hydrated page does.
    pub async fn sign_in_with(&mut self, passkey: &mut SoftPasskey) -> TestResponse {
        let challenge = self.challenge("/api/sign-in/passkey/begin", &[]).await;
        let response = passkey.assertion(&challenge);
        self.send_passkey(&challenge, &passkey.sign(&response)).await
    }

    /// Sends this credential to sign in.
    pub async fn send_passkey(&mut self, challenge: &Challenge, credential: &str) -> TestResponse {
        let fields = [("token", challenge.token.as_str()), ("credential", credential)];
        self.call("/api/sign-in/passkey", &fields).await
    }
}
