"""Bringing a database to the tables of this version, and telling how far it is. The migrations are inside."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from coach.errors import SettingsError, StoreUnavailable
from coach.store._postgres import alone
from coach.store.database import Database, read_url

State = Literal["new", "current", "older", "newer"]
"""Whose tables a database has: none of ours, or those of this version, of an older or of a newer one."""

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
                await alone(connection, _LOCK)
            await connection.run_sync(_upgrade)
    except CommandError:
        raise SettingsError(
            "The database was made by a newer version of coach; install that version or a newer one."
        ) from None
    except (StoreUnavailable, SQLAlchemyError) as error:
        raise _closed(error) from error


async def inspect(url: str) -> State:
    """Say whose tables a database has. Nothing is made and nothing is changed, in it or beside it.

    Args:
        url: As for :meth:`Store.open <coach.store.Store.open>`.

    Raises:
        SettingsError: The address is not understood, the database cannot be reached or is none, or a driver
            is missing.
    """
    if _has_no_file(url):
        return "new"
    database = Database(url, read_only=True)
    try:
        async with database.read() as connection:
            return await connection.run_sync(_state)
    except (StoreUnavailable, SQLAlchemyError) as error:
        raise _closed(error) from error
    finally:
        await database.close()


def _has_no_file(url: str) -> bool:
    address = read_url(url)
    return address.get_backend_name() == "sqlite" and not Path(address.database or "").exists()


def _state(connection: Connection) -> State:
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        return "new"
    scripts = ScriptDirectory.from_config(config_for(connection))
    known = {script.revision for script in scripts.walk_revisions()}
    if revision not in known:
        return "newer"
    return "current" if revision == scripts.get_current_head() else "older"


def _closed(error: Exception) -> SettingsError:
    return SettingsError(
        f"The database cannot be opened ({type(error.__cause__ or error).__name__}); check its address, "
        "that the server runs, and that its user may create tables."
    )


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
