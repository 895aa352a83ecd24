// Small ids, given out lowest first or by request, and taken back.

using System.Collections;

namespace VmBus.InMemory;

internal sealed class IdPool
{
    private readonly Lock _sync = new();
    private readonly string _name;
    private readonly uint _first;
    private readonly BitArray _used;

    public IdPool(string name, uint first, uint limit)
    {
        _name = name;
        _first = first;
        _used = new BitArray((int)limit);
    }

    public uint Take(uint? wanted)
    {
        lock (_sync)
        {
            uint id = wanted ?? LowestFree();
            if (id < _first || id >= _used.Length)
                throw new ArgumentOutOfRangeException(nameof(wanted), $"{_name} {id} is not within {_first} to {_used.Length - 1}.");
            if (_used[(int)id])
                throw new InvalidOperationException($"{_name} {id} is in use.");
            _used[(int)id] = true;
            return id;
        }
    }

    public void Return(uint id)
    {
        lock (_sync)
            _used[(int)id] = false;
    }

    private uint LowestFree()
    {
        for (uint id = _first; id < _used.Length; id++)
        {
            if (!_used[(int)id])
                return id;
        }
        throw new InvalidOperationException($"Every {_name} from {_first} to {_used.Length - 1} is in use.");
    }
}
