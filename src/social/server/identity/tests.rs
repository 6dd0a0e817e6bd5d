//! Each preset reads the response that its provider documents.

use std::fmt::Write as _;

use oauth2::RedirectUrl;
use toml::de::{DeTable, DeValue};

use super::super::discovery::Discovery;
use super::*;
use crate::server::config::provider::{missing_variables, presets, provider};
use crate::server::config::{HttpConfig, RawConfig};
use crate::server::provider_http::{Network, ProviderHttp};

/// Returns the provider of a preset, with made-up values where it needs some.
fn preset(name: &str) -> Provider {
    let mut toml = format!("[social.{name}]\nclient_id = \"id\"\nclient_secret = \"secret\"\n");
    if name == "apple" {
        // Its key is a file, which is not needed here.
        toml += "client_auth = \"post\"\n";
    }
    for variable in missing_variables(&presets()[name]) {
        writeln!(toml, "{variable} = \"part.example\"").unwrap();
    }
    let mut raw = RawConfig::default();
    raw.add_file("portcullis.toml", &toml).unwrap();
    let config = provider(&raw, name).unwrap();
    let http = HttpConfig::read(&raw).unwrap();
    let network = Network { urls: &[], is_private: false, proxy: None };
    Provider {
        http: ProviderHttp::new(&http, &network).unwrap(),
        redirect: RedirectUrl::new("https://id.example.com/".to_owned()).unwrap(),
        discovery: Discovery::default(),
        config,
    }
}

fn texts<'a>(row: &'a DeValue<'_>) -> Vec<&'a str> {
    row.as_array().unwrap().iter().map(|it| it.get_ref().as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_preset_reads_its_documented_response() {
    let file = DeTable::parse(include_str!("documented.toml")).unwrap();
    let rows = file.get_ref();
    for name in presets().keys() {
        let row = rows.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no response"));
        let row = texts(row.get_ref());
        let mut provider = preset(name);
        let user = Json::parse(row[0]).unwrap();
        let listed = row.get(4).map(|it| Json::parse(it).unwrap());
        assert_eq!(listed.is_some(), provider.config.email == EmailRule::EmailsEndpoint, "{name}");
        let listed = listed.and_then(|it| provider.config.paths.emails.text(it));
        // The endpoint itself is not asked here.
        provider.config.requests.emails_url = None;
        let token = Secret::from("token".to_owned());
        let said = provider.identity("issuer".to_owned(), &[user], &token).await.unwrap();
        let email = listed.or(said.verified_email.unwrap().map(|it| it.as_str().to_owned()));
        let is = (said.account.subject.as_str(), said.display_name.as_str(), email.as_deref());
        assert_eq!(is, (row[1], row[2], Some(row[3]).filter(|it| *it != "-")), "{name}");
    }
    assert_eq!(rows.len(), presets().len(), "a response without a preset");
}
