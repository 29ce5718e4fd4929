"""Texts that are templates, format strings or names of attributes are shown as they are.

exercise: relu
expect: raised skipped
"""

raise ValueError(
    "{0.__class__.__mro__} {config} %s %n %(secret)s {{ 7 * 7 }} {% include 'x' %} ${HOME} [red]x[/red] :smile:"
)
