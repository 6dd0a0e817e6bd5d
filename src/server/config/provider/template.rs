//! Addresses with a part that depends on the operator's account at the provider.

/// The settings that fill a template.
pub const VARIABLES: [&str; 4] = ["host", "tenant", "region", "api_key"];

/// Stands for the access token in an address or a body; filled in for each request.
pub const ACCESS_TOKEN: &str = "{access_token}";

/// Returns the variables that a text names, like `{host}`.
pub fn variables_of(text: &str) -> impl Iterator<Item = &'static str> {
    VARIABLES.into_iter().filter(move |it| text.contains(&format!("{{{it}}}")))
}

/// Returns whether a variable's value changes nothing but its own part of an address. Only a host may have a
/// port.
pub fn is_valid(variable: &str, value: &str) -> bool {
    let (name, port) = match (variable, value.split_once(':')) {
        ("host", Some((name, port))) => (name, port),
        _ => (value, ""),
    };
    let is_plain = |b: u8| {
        b.is_ascii_alphanumeric() || b"-.".contains(&b) || (variable != "host" && b == b'_')
    };
    (1..=253).contains(&name.len())
        && name.bytes().all(is_plain)
        && !name.starts_with(['.', '-'])
        && !name.contains("..")
        && port.len() <= 5
        && port.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_0_0__1_2_2__a_variable_fills_only_its_own_part() {
        for (variable, value) in [
            ("host", "gitlab.example.com"),
            ("host", "git.example.com:8443"),
            ("tenant", "9188040d-6c67-4c5b-b112-36a304b66dad"),
            ("tenant", "eu-central-1_AbCdEf"),
            ("region", "com.au"),
        ] {
            assert!(is_valid(variable, value), "{variable} {value}");
        }
        for (variable, value) in [
            ("host", ""),
            ("host", "a.example/x"),
            ("host", "a@b.example"),
            ("host", "a.example:80:80"),
            ("host", "a.example:8o"),
            ("host", "a..b"),
            ("host", ".example"),
            ("host", "a example"),
            ("host", "[::1]"),
            ("tenant", "a:80"),
            ("tenant", "a/b"),
            ("tenant", "a?b"),
            ("tenant", "a#b"),
            ("tenant", ".."),
            ("tenant", "a%2fb"),
            ("region", "{host}"),
        ] {
            assert!(!is_valid(variable, value), "{variable} {value}");
        }
        let named: Vec<_> = variables_of("https://{host}/{tenant}/{other}").collect();
        assert_eq!(named, ["host", "tenant"]);
    }
}
