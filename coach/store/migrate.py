"""Bringing a database to the tables of this version. The migrations are inside the package."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from coach.errors import SettingsError
from coach.store.database import Database

# Any number that nobody else asks PostgreSQL for: the first seven bytes of SHA-256("coach.store.migrate").
_LOCK = 0xD96C29630431CE


async def migrate(database: Database) -> None:
    """Run the migrations that have not run yet, in one transaction. Two processes may do so at once.

    Raises:
        SettingsError: The database cannot be reached, or was made by a newer version of the library.
    """
    try:
        async with database.write() as connection:
            # SQLite's write transaction keeps everybody else out already.
            if database.dialect == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(_upgrade)
    except CommandError:
        raise SettingsError(
            "The database was made by a newer version of coach; install that version or a newer one."
        ) from None
    except (OSError, SQLAlchemyError) as error:
        raise SettingsError(
            f"The database cannot be opened ({type(error).__name__}); check its address, "
            "that the server runs, and that its user may create tables."
        ) from error


def _upgrade(connection: Connection) -> None:
    config = config_for(connection)
    command.upgrade(config, "head")


def config_for(connection: Connection) -> Config:
    """Alembic's settings for one open connection, without any file."""
    config = Config(attributes={"connection": connection})
    folder = Path(__file__).parent / "migrations"
    # The value goes through configparser, which would read a percent sign in the path.
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
