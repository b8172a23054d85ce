//! The flags of a service: one for each setting of the table, so that what can stand in the file can be typed as well.

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use server::config::{Flags, Kind, SETTINGS, Setting};

/// The flags that were given. `--data` is not among them: all commands have it.
pub struct Given(pub Flags);

/// Has a flag of its own in all commands.
const DATA: &str = "data";

fn settings() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| setting.key != DATA)
}

impl clap::Args for Given {
    fn augment_args(command: Command) -> Command {
        settings().fold(command, |command, setting| command.arg(flag(setting)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Given::augment_args(command)
    }
}

fn flag(setting: &'static Setting) -> Arg {
    let about = match setting.usual.filter(|_| setting.kind != Kind::Switch) {
        Some(usual) => format!("{} [default: {usual}]", setting.about),
        None => setting.about.to_owned(),
    };
    let arg = Arg::new(setting.key).long(setting.flag).help(about);
    let arg = match setting.kind {
        Kind::Switch => return with_conflicts(setting, arg.action(ArgAction::SetTrue)),
        Kind::Hosts => arg.action(ArgAction::Append),
        Kind::Address
        | Kind::Duration
        | Kind::Level
        | Kind::Number
        | Kind::Path
        | Kind::Url
        | Kind::Word(_) => arg.action(ArgAction::Set),
    };
    let kind = setting.kind;
    let read = move |text: &str| kind.check(text).map(|()| text.to_owned());
    arg.value_name(kind.placeholder()).value_parser(read)
}

/// What says something of HTTP says nothing where there is none.
fn with_conflicts(setting: &Setting, arg: Arg) -> Arg {
    match setting.key {
        "http.off" => arg.conflicts_with_all([
            "http.listen",
            "http.allow_remote",
            "http.connections",
            "http.hosts",
            "http.public_url",
        ]),
        _ => arg,
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Given, clap::Error> {
        let mut given = Flags::new();
        for setting in settings() {
            let values: Vec<String> = match setting.kind {
                Kind::Switch if matches.get_flag(setting.key) => vec!["true".into()],
                Kind::Switch => vec![],
                _ => matches.get_many::<String>(setting.key).into_iter().flatten().cloned().collect(),
            };
            if !values.is_empty() {
                given.insert(setting.key, values);
            }
        }
        Ok(Given(given))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Given::from_arg_matches(matches)?;
        Ok(())
    }
}
