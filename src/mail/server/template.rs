//! The templates of mails: embedded in the program, and each replaceable by a file.

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::value::Value;
use minijinja::{
    AutoEscape, Environment, Output, State, UndefinedBehavior, context, escape_formatter,
};

use super::message::Subject;
use super::{Mail, Message};
use crate::server::Error;
use crate::server::config::MailConfig;
use crate::server::config::{ConfigError, SiteConfig};
use crate::server::error::chain;
use crate::server::files::{self, FileError};
use crate::text::without_bom;

macro_rules! embed {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../templates/", $name)))),*]
    };
}

/// Each mail has `NAME.txt`, whose first line is its subject, and `NAME.html`.
const EMBEDDED: &[(&str, &str)] = embed![
    "layout.txt",
    "layout.html",
    "event.txt",
    "event.html",
    "button.html",
    "verification.txt",
    "verification.html",
    "sign-up-taken.txt",
    "sign-up-taken.html",
    "address-change.txt",
    "address-change.html",
    "address-changed.txt",
    "address-changed.html",
    "recovery.txt",
    "recovery.html",
    "sign-in.txt",
    "sign-in.html",
    "invitation.txt",
    "invitation.html",
    "new-sign-in.txt",
    "new-sign-in.html",
    "password-changed.txt",
    "password-changed.html",
    "password-locked.txt",
    "password-locked.html",
    "provider-linked.txt",
    "provider-linked.html",
    "provider-unlinked.txt",
    "provider-unlinked.html",
    "second-factor-added.txt",
    "second-factor-added.html",
    "second-factor-removed.txt",
    "second-factor-removed.html",
    "passkey-added.txt",
    "passkey-added.html",
    "passkey-removed.txt",
    "passkey-removed.html",
    "passkey-enabled.txt",
    "passkey-enabled.html",
    "passkey-disabled.txt",
    "passkey-disabled.html",
    "recovery-codes-created.txt",
    "recovery-codes-created.html",
    "recovery-code-used.txt",
    "recovery-code-used.html",
    "second-factor-code.txt",
    "second-factor-code.html",
    "wrong-codes.txt",
    "wrong-codes.html",
    "factor-recovery.txt",
    "factor-recovery.html",
    "factor-removed-by-administrator.txt",
    "factor-removed-by-administrator.html",
    "deletion-asked.txt",
    "deletion-asked.html",
    "impersonated.txt",
    "impersonated.html",
    "password-link.txt",
    "password-link.html",
    "deleted-by-administrator.txt",
    "deleted-by-administrator.html",
    "way-in-removed.txt",
    "way-in-removed.html",
];

const SUBJECT: &str = "Subject: ";

/// The templates, and the site's values for all of them.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    site: Value,
}

impl Templates {
    /// Reads the templates of the configured folder and renders each once, so that mistakes are found at
    /// startup and not when a user waits for a mail.
    pub fn open(config: &MailConfig, site: &SiteConfig) -> Result<Self, Error> {
        let mut sources: BTreeMap<_, _> =
            EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        if let Some(folder) = &config.templates {
            replace(&mut sources, folder)?;
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(true).keep_trailing_newline(true);
        environment.set_formatter(write);
        for name in ["e", "escape"] {
            environment.add_filter(name, |value: &Value| escape(value));
        }
        environment.set_syntax(syntax.build().map_err(|it| refuse(&it))?);
        for (name, text) in sources {
            let mut body = text;
            if is_text_of_mail(&name) {
                let Some((subject, rest)) = split(&body) else {
                    let problem =
                        format!("mail.templates: {name} must begin with a line {SUBJECT}…");
                    return Err(ConfigError(problem).into());
                };
                let added = environment.add_template_owned(subject_of(&name), subject);
                added.map_err(|it| refuse(&it))?;
                body = rest;
            }
            environment.add_template_owned(name, body).map_err(|it| refuse(&it))?;
        }
        let contact = site.contact.clone();
        let templates = Self {
            environment,
            site: context! { name => site.name.as_str(), url => site.url.as_str(), contact => contact },
        };
        for mail in Mail::samples(site.url.as_str()) {
            templates.try_render(&mail).map_err(|it| refuse(&it))?;
        }
        Ok(templates)
    }

    /// Renders a mail.
    pub fn render(&self, mail: &Mail) -> Result<Message, Error> {
        self.try_render(mail).map_err(|error| Error::Mail(Box::new(error)))
    }

    fn try_render(&self, mail: &Mail) -> Result<Message, minijinja::Error> {
        let context = context! { site => self.site.clone(), ..Value::from(Serde(mail)) };
        let fill = |name: &str| self.environment.get_template(name)?.render(context.clone());
        let text = format!("{}.txt", mail.name());
        Ok(Message {
            subject: Subject::new(&fill(&subject_of(&text))?),
            text: fill(&text)?,
            html: fill(&format!("{}.html", mail.name()))?,
        })
    }
}

fn is_text_of_mail(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|it| it == "txt")
        && !matches!(name, "layout.txt" | "event.txt")
}

fn subject_of(name: &str) -> String {
    name.replace(".txt", ".subject")
}

fn split(text: &str) -> Option<(String, String)> {
    let (first, rest) = text.split_once('\n')?;
    Some((first.strip_prefix(SUBJECT)?.to_owned(), rest.to_owned()))
}

/// Writes a value as minijinja does, except that slashes in HTML stay unescaped: some mail programs, and
/// scanners before them, treat `&#x2f;` in a link as part of the URL.
fn write(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    match state.auto_escape() {
        AutoEscape::Html => Ok(out.write_str(escape(value).as_str().unwrap_or_default())?),
        _ => escape_formatter(out, state, value),
    }
}

fn escape(value: &Value) -> Value {
    let text = value.to_string();
    if value.is_safe() {
        return Value::from_safe_string(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(it),
        }
    }
    Value::from_safe_string(escaped)
}

/// Replaces templates with the files of the same name in a folder.
fn replace(sources: &mut BTreeMap<String, String>, folder: &Path) -> Result<(), ConfigError> {
    let unreadable = |error: FileError| ConfigError(format!("mail.templates: {}", error.chain()));
    for path in files::list(folder).map_err(unreadable)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(source) = sources.get_mut(&name) else {
            let mut names: Vec<_> = EMBEDDED.iter().map(|(name, _)| *name).collect();
            names.sort_unstable();
            let known = names.join(", ");
            return Err(ConfigError(format!(
                "mail.templates: {} is not a template; the templates are {known}",
                path.display()
            )));
        };
        let text = files::read_to_string(&path).map_err(unreadable)?;
        without_bom(&text).clone_into(source);
    }
    Ok(())
}

/// Returns a one-line error that names the file and the line at fault.
fn refuse(error: &minijinja::Error) -> Error {
    let place = match (error.name(), error.line()) {
        (Some(name), Some(line)) => format!("{name} line {line}: "),
        _ => String::new(),
    };
    ConfigError(format!("mail.templates: {place}{}", chain(error).replace('\n', " "))).into()
}
