//! The questions, one for each setting that was not given, until every answer passes the gateway's own check.

use anyhow::{Result, bail};
use ipnd_core::{Environment, Language};
use ipnd_gateways::{Gateway, Setting, SettingKind, SettingProblem, Settings};
use std::collections::BTreeMap;
use std::io;

/// Whoever answers: a person at a terminal, or a test.
pub(super) trait Dialogue {
    fn say(&mut self, text: &str);
    /// Lines without their ends: one, or all up to an empty one. `None` when there will be no more.
    fn lines(&mut self, prompt: &str, form: Form) -> io::Result<Option<Vec<String>>>;
    /// The text of a file.
    fn file(&mut self, path: &str) -> io::Result<String>;
}

/// What an answer looks like.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Form {
    /// Nobody should see it on the screen.
    pub(super) is_hidden: bool,
    pub(super) has_lines: bool,
}

/// What is known of an account before anything is asked.
pub(super) struct Wanted {
    pub(super) gateway: &'static Gateway,
    pub(super) environment: Option<Environment>,
    pub(super) given: BTreeMap<String, String>,
}

impl Wanted {
    /// Without questions: everything that is needed is there, or it is said what is not.
    pub(super) fn into_given(self) -> Result<Settings> {
        let Some(environment) = self.environment else {
            bail!("--environment is missing: live or sandbox");
        };
        Settings::check(self.gateway.settings, environment, self.given).map_err(|problems| {
            let lines: Vec<String> = problems
                .iter()
                .map(|SettingProblem { key, fault }| format!("\n  --set {key}=...: {fault}"))
                .collect();
            anyhow::anyhow!("the settings do not fit:{}", lines.concat())
        })
    }
}

pub(super) struct Asking<'a> {
    dialogue: &'a mut dyn Dialogue,
}

impl<'a> Asking<'a> {
    pub(super) fn new(dialogue: &'a mut dyn Dialogue) -> Self {
        Self { dialogue }
    }

    /// Asks for what is missing. What was given and is wrong ends it: whoever wrote a command should mend that.
    pub(super) fn complete(&mut self, wanted: Wanted) -> Result<Settings> {
        let Wanted { gateway, environment, given: mut values } = wanted;
        let environment = match environment {
            Some(environment) => environment,
            None => self.environment()?,
        };
        for setting in gateway.settings.iter().filter(|setting| values.contains_key(setting.key)) {
            if let Some(fault) = fault(gateway, environment, &values, setting.key) {
                bail!("--set {}: {fault}", setting.key);
            }
        }
        for setting in gateway.settings {
            let is_elsewhere = setting.kind == SettingKind::SandboxUrl && environment != Environment::Sandbox;
            if is_elsewhere || values.contains_key(setting.key) {
                continue;
            }
            self.setting(gateway, environment, setting, &mut values)?;
        }
        Wanted { gateway, environment: Some(environment), given: values }.into_given()
    }

    fn environment(&mut self) -> Result<Environment> {
        self.dialogue.say(
            "Real money (live), or the gateway's play money (sandbox)? It belongs to the account and cannot be changed \
             later.",
        );
        loop {
            let answer = self.line("live or sandbox: ")?;
            match Environment::from_word(&answer) {
                Some(environment) => return Ok(environment),
                None => self.dialogue.say("Answer with one of the two words."),
            }
        }
    }

    /// Asks until the answer is good. Nothing is an answer, too, where the setting is optional.
    fn setting(
        &mut self,
        gateway: &Gateway,
        environment: Environment,
        setting: &Setting,
        values: &mut BTreeMap<String, String>,
    ) -> Result<()> {
        let optional = if setting.required { "" } else { " (optional)" };
        self.dialogue.say(&format!("\n{}{optional}\n  {}", setting.label.en, setting.help.en));
        for choice in setting.kind.choices() {
            self.dialogue.say(&format!("  {}: {}", choice.word, choice.label.r#in(Language::En)));
        }
        loop {
            let value = match self.value(setting) {
                Ok(value) => value,
                Err(Answer::NoFile(why)) => {
                    self.dialogue.say(&why);
                    continue;
                }
                Err(Answer::Over(error)) => return Err(error),
            };
            if value.trim().is_empty() && !setting.required {
                return Ok(());
            }
            values.insert(setting.key.to_owned(), value);
            match fault(gateway, environment, values, setting.key) {
                None => return Ok(()),
                Some(fault) => {
                    values.remove(setting.key);
                    self.dialogue.say(&format!("This cannot be: {fault}."));
                }
            }
        }
    }

    fn value(&mut self, setting: &Setting) -> Result<String, Answer> {
        let prompt = format!("{}: ", setting.key);
        match setting.kind {
            SettingKind::Secrets | SettingKind::List => {
                self.dialogue.say("  One a line; an empty line ends it.");
                let form = Form { is_hidden: setting.kind.is_secret(), has_lines: true };
                Ok(self.answer(&prompt, form)?)
            }
            SettingKind::Document => {
                let path = self.line(&format!("{} (name of a file): ", setting.key))?;
                if path.is_empty() {
                    return Ok(path);
                }
                self.dialogue
                    .file(&path)
                    .map_err(|error| Answer::NoFile(format!("{path} cannot be read: {error}.")))
            }
            SettingKind::Switch => {
                let answer = self.line(&format!("{} (yes or no): ", setting.key))?;
                Ok(match answer.as_str() {
                    "no" | "n" => String::new(),
                    "y" => "yes".to_owned(),
                    _ => answer,
                })
            }
            SettingKind::Secret => Ok(self.answer(&prompt, Form { is_hidden: true, has_lines: false })?),
            SettingKind::Text | SettingKind::Choice(_) | SettingKind::SandboxUrl => Ok(self.line(&prompt)?),
        }
    }

    fn line(&mut self, prompt: &str) -> Result<String> {
        Ok(self.answer(prompt, Form::default())?.trim().to_owned())
    }

    fn answer(&mut self, prompt: &str, form: Form) -> Result<String> {
        match self.dialogue.lines(prompt, form)? {
            Some(lines) => Ok(lines.join("\n")),
            None => bail!("ended without an answer; nothing was made"),
        }
    }
}

/// Why there is no value.
enum Answer {
    /// Asked again.
    NoFile(String),
    Over(anyhow::Error),
}

impl From<anyhow::Error> for Answer {
    fn from(error: anyhow::Error) -> Self {
        Self::Over(error)
    }
}

/// What the gateway's own check says about this one setting.
fn fault(
    gateway: &Gateway,
    environment: Environment,
    values: &BTreeMap<String, String>,
    key: &str,
) -> Option<String> {
    let problems = Settings::check(gateway.settings, environment, values.clone()).err()?;
    problems.into_iter().find(|problem| problem.key == key).map(|problem| problem.fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_gateways::{Choice, Said};
    use std::collections::VecDeque;

    const fn said(text: &'static str) -> Said {
        Said { en: text, de: text, es: text, uk: text }
    }

    const WAYS: &[Choice] = &[Choice { word: "a", label: said("A") }, Choice { word: "b", label: said("B") }];

    /// One setting of each kind.
    fn gateway() -> &'static Gateway {
        let setting = |key, kind, required| Setting {
            key,
            kind,
            required,
            label: said("Label"),
            help: said("Help"),
            sample: "",
            check: None,
        };
        let table = vec![
            setting("ids", SettingKind::List, true),
            setting("secret", SettingKind::Secret, true),
            setting("old_secrets", SettingKind::Secrets, false),
            setting("way", SettingKind::Choice(WAYS), false),
            setting("description", SettingKind::Document, false),
            setting("url", SettingKind::SandboxUrl, false),
            ipnd_gateways::ACCEPT_UNCONFIRMED,
        ];
        Box::leak(Box::new(Gateway {
            id: "test",
            name: "Test",
            settings: table.leak(),
            ..*ipnd_gateways::ALL[0]
        }))
    }

    /// Answers in a sequence, and everything that was said.
    struct Script {
        answers: VecDeque<&'static str>,
        said: String,
    }

    impl Dialogue for Script {
        fn say(&mut self, text: &str) {
            self.said.push_str(text);
            self.said.push('\n');
        }

        fn lines(&mut self, prompt: &str, form: Form) -> io::Result<Option<Vec<String>>> {
            self.said.push_str(if form.is_hidden { "hidden " } else { "" });
            self.said.push_str(prompt);
            let mut lines = Vec::new();
            loop {
                let Some(line) = self.answers.pop_front() else { return Ok(None) };
                if form.has_lines && line.is_empty() {
                    return Ok(Some(lines));
                }
                lines.push(line.to_owned());
                if !form.has_lines {
                    return Ok(Some(lines));
                }
            }
        }

        fn file(&mut self, path: &str) -> io::Result<String> {
            if path == "good.toml" {
                Ok("a = 1\n\nb = 2\n".to_owned())
            } else {
                Err(io::ErrorKind::NotFound.into())
            }
        }
    }

    fn ask(answers: &[&'static str], given: &[(&str, &str)]) -> (Result<Settings>, String) {
        let mut script = Script { answers: answers.iter().copied().collect(), said: String::new() };
        let given = given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let wanted = Wanted { gateway: gateway(), environment: None, given };
        let settings = Asking::new(&mut script).complete(wanted);
        (settings, script.said)
    }

    #[test]
    fn every_setting_that_is_not_given_is_asked_for() {
        let answers = [
            "play",
            "sandbox",
            "A",
            "B",
            "",
            "s3cret",
            "",
            "b",
            "no.toml",
            "good.toml",
            "https://x.test",
            "y",
        ];
        let (settings, said) = ask(&answers, &[]);
        let settings = settings.unwrap();
        assert_eq!(settings.get("ids"), Some("A\nB"));
        assert_eq!((settings.get("secret"), settings.get("old_secrets")), (Some("s3cret"), None));
        assert_eq!((settings.get("way"), settings.get("url")), (Some("b"), Some("https://x.test")));
        assert_eq!(settings.get("description"), Some("a = 1\n\nb = 2"));
        assert!(settings.is_on("accept_unconfirmed"));
        assert!(said.contains("one of the two words") && said.contains("no.toml cannot be read"), "{said}");
        assert!(said.contains("hidden secret: ") && said.contains("hidden old_secrets: "), "{said}");
    }

    #[test]
    fn a_wrong_answer_says_why_and_is_asked_again() {
        // Nothing where something is needed, a secret too short, a choice that is none, a switch that is neither.
        let answers = ["live", "", "A", "", "short", "longer", "", "c", "", "", "perhaps", "n"];
        let (settings, said) = ask(&answers, &[]);
        let settings = settings.unwrap();
        assert_eq!(settings.values().len(), 2, "{:?}", settings.values());
        for fault in ["this is needed", "too short", "not one of the choices"] {
            assert!(said.contains(fault), "{fault}: {said}");
        }
        assert!(!said.contains("url: "), "an address of a sandbox is not asked for in a live account");
    }

    #[test]
    fn what_is_given_is_not_asked_and_must_be_right() {
        let given = [("ids", "A"), ("secret", "s3cret")];
        let (settings, said) = ask(&["live", "", "", "", ""], &given);
        assert_eq!(settings.unwrap().get("secret"), Some("s3cret"));
        assert!(!said.contains("ids: ") && !said.contains("hidden secret: "), "{said}");
        let (wrong, _) = ask(&["live"], &[("secret", "s")]);
        assert!(wrong.unwrap_err().to_string().contains("--set secret"));
        let (ended, _) = ask(&["live", "A"], &[]);
        assert!(ended.unwrap_err().to_string().contains("nothing was made"));
    }

    #[test]
    fn without_questions_everything_that_is_needed_must_be_given() {
        let into_given = |environment, given: &[(&str, &str)]| {
            let given = given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            Wanted { gateway: gateway(), environment, given }.into_given().map_err(|error| error.to_string())
        };
        let live = Some(Environment::Live);
        assert!(into_given(None, &[]).unwrap_err().contains("--environment"));
        let missing = into_given(live, &[("way", "c")]).unwrap_err();
        for key in ["ids", "secret", "way"] {
            assert!(missing.contains(&format!("--set {key}=...")), "{missing}");
        }
        assert!(into_given(live, &[("ids", "A"), ("secret", "s3cret")]).is_ok());
    }
}
