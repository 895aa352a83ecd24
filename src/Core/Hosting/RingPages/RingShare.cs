// What one mapped ring has taken of the budget. Told by the code that unmaps the ring, on a finalizer's thread as well.

namespace VmBus.Hosting;

/// <summary>A ring's mappings in the <see cref="MappingBudget"/>. Refers to nothing of the ring, which can so be collected.</summary>
internal sealed class RingShare
{
    // What private pages between two guard pages take.
    private const int OnePiece = 3;

    private readonly Lock _sync = new();
    private readonly MappingBudget _budget;
    private int _taken;
    private bool _isRetired;

    /// <summary>Made by the budget.</summary>
    /// <param name="budget">What it was taken of.</param>
    /// <param name="taken">How many the ring takes as long as it is open.</param>
    public RingShare(MappingBudget budget, int taken)
    {
        _budget = budget;
        _taken = taken;
    }

    /// <summary>The ring was closed, and its addresses stay.</summary>
    /// <param name="isOnePiece">Whether private pages have the memory's place, or all its pieces are still mapped.</param>
    public void Retire(bool isOnePiece)
    {
        lock (_sync)
        {
            if (_isRetired || _taken == 0)
                return;
            int left = isOnePiece ? Math.Min(OnePiece, _taken) : _taken;
            _budget.Retire(_taken, left);
            (_isRetired, _taken) = (true, left);
        }
    }

    /// <summary>Nothing is mapped any more, or never was.</summary>
    public void Return()
    {
        lock (_sync)
        {
            if (_isRetired)
                _budget.Return(0, _taken);
            else
                _budget.Return(_taken, 0);
            _taken = 0;
        }
    }
}
