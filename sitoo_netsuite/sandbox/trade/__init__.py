"""The trade: what happens at the tills, how Sitoo shows it, and the file it is kept in.

`till` holds what happened (pure types), `scenes` and `behaviour` make it up, `render` shows it as Sitoo does, `build`
puts it in order of arrival, `store` keeps and serves it. A replayed file is a second source of `till` types;
everything after is shared.
"""
