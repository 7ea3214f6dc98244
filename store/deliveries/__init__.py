"""Deliveries: the only place that writes a status.

``adding`` plans them, ``claiming`` gives each to one worker, ``recording`` keeps what came of it,
``reopening`` finds what a dead worker left, ``ending`` closes what is no longer wanted, ``due``
finds what waits, ``settling`` ends what nobody knows the fate of. All change a status through
``transitions``, which writes the ledger and the outcome in the same transaction.
"""
