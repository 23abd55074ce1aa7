"""The tables of the configuration with names and help for people, in the language of the request.

    api.setting_table.mqtt, api.setting_table.mqtt_help    a table
    api.setting.mqtt_url, api.setting.mqtt_url_help        a key of it
    api.setting_option.weather_source_fixed                a choice; "" is called api.setting_option.weather_source_

A key without a text is shown by its name: a table that is new works without.
"""

from msgspec.structs import replace

from unclouded.core.views.configuration import ConfigurationView, ConfiguredTable, SettingField
from unclouded.web.words import say_if_known


def with_texts(view: ConfigurationView) -> ConfigurationView:
    """The same configuration, with the texts of its tables and settings for people."""
    return replace(view, tables=[_table(one) for one in view.tables])


def _table(table: ConfiguredTable) -> ConfiguredTable:
    return replace(
        table,
        name=say_if_known(f"api.setting_table.{table.table}"),
        help=say_if_known(f"api.setting_table.{table.table}_help"),
        fields=tuple(_field(table.table, one) for one in table.fields),
    )


def _field(table: str, field: SettingField) -> SettingField:
    place = f"{table}_{field.key}"
    return replace(
        field,
        name=say_if_known(f"api.setting.{place}"),
        help=say_if_known(f"api.setting.{place}_help"),
        option_names=tuple(say_if_known(f"api.setting_option.{place}_{one}") or one for one in field.options),
    )
