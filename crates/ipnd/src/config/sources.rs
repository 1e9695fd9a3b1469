//! Where options come from, and how the places are laid over each other.

use super::check::check;
use super::nearest::nearest;
use super::options::{OPTIONS, Shape};
use super::{Config, LogFormat};
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The file that is read when none is named and it exists.
const DEFAULT_FILE: &str = "ipnd.toml";
const PREFIX: &str = "IPND_";

/// What the command line can say.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Flags {
    /// The configuration file [default: ipnd.toml, if there is one]
    #[arg(long, value_name = "FILE", env = "IPND_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen, such as 127.0.0.1:8787
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// The folder for the database
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<String>,
    /// A PostgreSQL database instead, such as postgres://ipnd@localhost/ipnd (better in IPND_DATABASE)
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// How the outside reaches this server, such as https://pay.example.com
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// How to write the log
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) log_format: Option<LogFormat>,
}

/// The whole configuration, checked. `environment` is the process's own, or a test's.
pub(crate) fn load(flags: &Flags, environment: impl Iterator<Item = (String, String)>) -> Result<Config> {
    let mut table = read_file(flags.config.as_deref())?;
    for (name, value) in environment.filter(|(name, _)| name.starts_with(PREFIX)) {
        if let Some((option, shape)) = option_of_variable(&name) {
            put(&mut table, option, value_of(&value, shape).with_context(|| name.clone())?);
        }
    }
    for (option, value) in flags.values() {
        put(&mut table, option, Value::String(value));
    }
    let config: Config = serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
        let reason = error.inner().to_string();
        anyhow::anyhow!("{}: {}", error.path(), reason.trim_end())
    })?;
    check(&config)?;
    Ok(config)
}

impl Flags {
    fn values(&self) -> Vec<(&'static str, String)> {
        let format = self.log_format.map(|format| match format {
            LogFormat::Text => "text".to_owned(),
            LogFormat::Json => "json".to_owned(),
        });
        [
            ("listen", self.listen.clone()),
            ("data", self.data.clone()),
            ("database", self.database.clone()),
            ("base_url", self.base_url.clone()),
            ("log.format", format),
        ]
        .into_iter()
        .filter_map(|(option, value)| Some((option, value?)))
        .collect()
    }
}

fn read_file(named: Option<&Path>) -> Result<Table> {
    let path = match named {
        Some(path) => path,
        None if Path::new(DEFAULT_FILE).exists() => Path::new(DEFAULT_FILE),
        None => return Ok(Table::new()),
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let table: Table = text.parse().with_context(|| path.display().to_string())?;
    refuse_unknown(&table).with_context(|| path.display().to_string())?;
    Ok(table)
}

/// An option that nobody knows is a mistake: the setting that was meant would silently not be there.
fn refuse_unknown(table: &Table) -> Result<()> {
    for (name, value) in table {
        match value {
            Value::Table(section) => {
                for key in section.keys() {
                    refuse_unless_known(&format!("{name}.{key}"))?;
                }
            }
            _ => refuse_unless_known(name)?,
        }
    }
    Ok(())
}

fn refuse_unless_known(option: &str) -> Result<()> {
    if OPTIONS.contains_key(option) {
        return Ok(());
    }
    match nearest(option, OPTIONS.keys().map(String::as_str)) {
        Some(near) => bail!("there is no option “{option}”; did you mean “{near}”?"),
        None => bail!("there is no option “{option}”; `ipnd init` writes a file with all of them"),
    }
}

/// `IPND_MAIL_FROM_NAME` is `mail.from_name`. Other variables with the prefix belong to somebody else.
fn option_of_variable(name: &str) -> Option<(&'static str, Shape)> {
    let wanted = name.strip_prefix(PREFIX)?;
    OPTIONS
        .iter()
        .find(|(option, _)| option.replace('.', "_").to_ascii_uppercase() == wanted)
        .map(|(option, shape)| (option.as_str(), *shape))
}

fn value_of(text: &str, shape: Shape) -> Result<Value> {
    Ok(match shape {
        Shape::Text => Value::String(text.to_owned()),
        Shape::Number => Value::Integer(text.parse().context("this is not a whole number")?),
        Shape::List => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        }
    })
}

fn put(table: &mut Table, option: &str, value: Value) {
    let Some((section, key)) = option.split_once('.') else {
        table.insert(option.to_owned(), value);
        return;
    };
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = section {
        section.insert(key.to_owned(), value);
    }
}
