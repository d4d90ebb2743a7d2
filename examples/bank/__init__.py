"""A bank: accounts, transfers between them, and a program that runs a file of operations through both."""

from .account import Account, AccountStatus
from .transfer import Transfer, TransferStatus

__all__ = ["Account", "AccountStatus", "Transfer", "TransferStatus", "components"]

#: What a host or a coordinator serves: `python -m angzarr_domain dev examples.bank:components`.
components = [Account, Transfer]
