// Which channel has which relid. What AssignedChannels is to OpenVMM (vmbus_server channels.rs).

namespace VmBus.Protocol;

/// <summary>Which channel has which relid; the lowest free one is given out.</summary>
internal sealed class RelidTable(uint first, int count)
{
    private readonly HostChannel?[] _channels = new HostChannel?[count];
    private readonly HashSet<uint> _wanted = [];
    private int _lowest;

    public int InUse { get; private set; }

    public HostChannel? this[uint relid] => IsInRange(relid) ? _channels[relid - first] : null;

    public bool IsInRange(uint relid) => relid >= first && relid - first < (uint)_channels.Length;

    /// <summary>Keeps a relid for the offer that wants it.</summary>
    public bool TryKeep(uint relid) => IsInRange(relid) && _wanted.Add(relid);

    public void Unkeep(uint relid) => _wanted.Remove(relid);

    public bool TryAssign(HostChannel channel)
    {
        int index = channel.Offer.Relid is { } wanted && _channels[wanted - first] is null ? (int)(wanted - first) : LowestFree(true) ?? LowestFree(false) ?? -1;
        if (index < 0)
            return false;
        Assign(channel, index);
        return true;
    }

    /// <summary>Gives a channel that very relid, as it had it before.</summary>
    public bool TryRestore(HostChannel channel, uint relid)
    {
        if (!IsInRange(relid) || _channels[relid - first] is not null)
            return false;
        Assign(channel, (int)(relid - first));
        return true;
    }

    public void Free(HostChannel channel)
    {
        int index = (int)(channel.Relid - first);
        _channels[index] = null;
        channel.Relid = 0;
        InUse--;
        _lowest = Math.Min(_lowest, index);
    }

    private void Assign(HostChannel channel, int index)
    {
        _channels[index] = channel;
        channel.Relid = first + (uint)index;
        InUse++;
    }

    // Everything below _lowest is taken, so that giving out relids one after the other does not look at them again.
    private int? LowestFree(bool leaveWanted)
    {
        while (_lowest < _channels.Length && _channels[_lowest] is not null)
            _lowest++;
        for (int index = _lowest; index < _channels.Length; index++)
        {
            if (_channels[index] is null && !(leaveWanted && _wanted.Contains(first + (uint)index)))
                return index;
        }

        return null;
    }
}
