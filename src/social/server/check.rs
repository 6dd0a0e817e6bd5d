//! Checks one provider for its operator.

use oauth2::http::Request;
use oauth2::http::header::DATE;
use serde::Serialize;
use url::Url;

use super::failure::ProviderError;
use super::{CLOCK_SKEW, Provider};
use crate::server::config::ConfigError;
use crate::server::config::provider::{EmailRule, Protocol};
use crate::server::error::chain;
use crate::server::{App, Error};

/// One thing that was checked.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderCheck {
    pub what: &'static str,
    pub is_ok: bool,
    pub about: String,
}

/// Checks the provider of this name: whether it responds, its keys and its clock, and says what to register.
pub async fn check_provider(app: &App, name: &str) -> Result<Vec<ProviderCheck>, Error> {
    let Some(provider) = app.providers.find(name) else {
        let known: Vec<_> = app.config.social.iter().map(|it| it.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(
            ConfigError(format!("no provider is named {name:?}; configured: {known}")).into()
        );
    };
    let mut checks = vec![provider.registration(), provider.email_trust()];
    provider.check_reachability(app.clock.now(), &mut checks).await;
    Ok(checks)
}

fn ok(what: &'static str, about: impl Into<String>) -> ProviderCheck {
    ProviderCheck { what, is_ok: true, about: about.into() }
}

fn failed(what: &'static str, error: &ProviderError) -> ProviderCheck {
    ProviderCheck { what, is_ok: false, about: chain(error) }
}

impl Provider {
    fn registration(&self) -> ProviderCheck {
        ok("redirect URL", format!("register {}", self.redirect.as_str()))
    }

    fn email_trust(&self) -> ProviderCheck {
        let about = match self.config.email {
            EmailRule::VerifiedClaim => "those that it says are verified count",
            EmailRule::EmailsEndpoint => "the verified one of its list counts",
            EmailRule::Never => "none counts as verified; new users get in without one",
        };
        ok("email addresses", about)
    }

    async fn check_reachability(&self, now: i64, checks: &mut Vec<ProviderCheck>) {
        if matches!(self.config.protocol, Protocol::Oidc) {
            match self.metadata().await {
                Ok(it) => checks.push(ok("discovery", format!("issuer {}", it.issuer))),
                Err(error) => return checks.push(failed("discovery", &error)),
            }
            checks.push(match self.keys().await {
                Ok(keys) => ProviderCheck {
                    what: "keys",
                    is_ok: keys.count() > 0,
                    about: format!("{} that can be used", keys.count()),
                },
                Err(error) => failed("keys", &error),
            });
        }
        for (what, url) in self.endpoints() {
            match self.date_of(&url).await {
                Ok(date) => {
                    checks.push(ok(what, format!("{url} responds")));
                    checks.extend(date.map(|date| clock(what, now, date)));
                }
                Err(error) => checks.push(failed(what, &error)),
            }
        }
    }

    /// Returns the addresses that a sign-in needs, which respond to anyone.
    fn endpoints(&self) -> Vec<(&'static str, Url)> {
        let userinfo = self.config.requests.userinfo_url.clone();
        let (token, userinfo) = match &self.config.protocol {
            Protocol::OAuth2(it) => (Some(it.token.clone()), userinfo),
            Protocol::Oidc => {
                let known = self.discovery.known();
                let discovered = known.as_ref().and_then(|it| it.userinfo.clone());
                (known.map(|it| it.token.clone()), userinfo.or(discovered))
            }
        };
        let named = [("token endpoint", token), ("userinfo endpoint", userinfo)];
        named.into_iter().filter_map(|(what, url)| Some((what, url?))).collect()
    }

    /// Sends a request that has no credentials. Any response will do; returns its date, in Unix seconds.
    async fn date_of(&self, url: &Url) -> Result<Option<i64>, ProviderError> {
        let request = Request::get(url.as_str())
            .body(Vec::new())
            .map_err(|it| ProviderError::Userinfo(Box::new(it)))?;
        let response = self.http.send(request).await?;
        let date = response.headers().get(DATE).and_then(|it| it.to_str().ok());
        let date = date.and_then(|it| httpdate::parse_http_date(it).ok());
        let since = date.and_then(|it| it.duration_since(std::time::UNIX_EPOCH).ok());
        Ok(since.and_then(|it| i64::try_from(it.as_secs()).ok()))
    }
}

/// Compares clocks. ID tokens of a clock that is too far off are refused.
fn clock(what: &'static str, now: i64, date: i64) -> ProviderCheck {
    let apart = now.abs_diff(date);
    let about = match apart {
        0..=2 => format!("that of the {what} agrees with this one"),
        _ => format!("that of the {what} differs by {apart} s"),
    };
    ProviderCheck { what: "clock", is_ok: apart <= CLOCK_SKEW.unsigned_abs(), about }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_differ_as_much_as_an_id_token_allows() {
        for (date, is_ok) in [(1000, true), (940, true), (939, false), (1060, true), (1061, false)]
        {
            assert_eq!(clock("token endpoint", 1000, date).is_ok, is_ok, "{date}");
        }
    }
}
