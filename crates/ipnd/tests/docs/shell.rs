//! Reads the commands of a code block as a shell would, as far as the documentation uses one.

/// The words of each command. `value` gives what a variable stands for.
pub(crate) fn commands(block: &str, value: impl Fn(&str) -> String) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = block.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(open)) if c == open => quote = None,
            ('$', None | Some('"')) => {
                let mut name = String::new();
                while let Some(next) = chars.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    name.push(next);
                }
                word.get_or_insert_default().push_str(&value(&name));
            }
            ('\\', None) if chars.next_if_eq(&'\n').is_some() => {}
            ('#', None) if word.is_none() => while chars.next_if(|next| *next != '\n').is_some() {},
            (' ' | '\n', None) => {
                commands.last_mut().expect("there is always one").extend(word.take());
                if c == '\n' {
                    commands.push(Vec::new());
                }
            }
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    assert!(quote.is_none(), "a quote is not closed: {block}");
    commands.last_mut().expect("there is always one").extend(word);
    commands.retain(|command| !command.is_empty());
    commands
}

#[test]
fn commands_are_read_as_a_shell_reads_them() {
    let block = "a --b \"$X/c d\" 'e\n $X' # f\n\ng \\\n  h''";
    let read = commands(block, |name| format!("<{name}>"));
    assert_eq!(read, [vec!["a", "--b", "<X>/c d", "e\n $X"], vec!["g", "h"]]);
}
