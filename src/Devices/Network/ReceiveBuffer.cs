// The memory that a guest gives its adapter for what comes: sections of one size, each the adapter's until it is sent, and again
// when the guest has completed the packet. What the rx_bufs of netvsp are to OpenVMM.
//
//   | control | control | … | frame | frame | frame | …
//
// A packet may carry several sections: its transaction id names the first, and each knows the next.

namespace VmBus.Devices;

/// <summary>Which sections of a guest's receive buffer are free. Thread-safe.</summary>
internal sealed class ReceiveBuffer
{
    /// <summary>Sections kept for answers: frames never take them, so a guest that is flooded can still ask.</summary>
    public const int ControlSections = 8;

    /// <summary>The most sections that are used.</summary>
    public const int MaxSections = 16384;

    private const int None = -1;

    private readonly Lock _sync = new();
    private readonly Stack<int> _control = new(ControlSections);
    private readonly Stack<int> _frames;
    private readonly int[] _next;
    private readonly State[] _states;
    private TaskCompletionSource? _freed;       // under the lock: set while a wait for a section goes on

    /// <summary>Divides a buffer.</summary>
    /// <param name="gpadl">The buffer.</param>
    /// <param name="setId">The guest's name of it.</param>
    /// <param name="sectionSize">Bytes of a section.</param>
    /// <param name="sectionCount">How many: more than <see cref="ControlSections"/>.</param>
    /// <param name="packets">The packets that the guest has of it: the sections of each.</param>
    /// <exception cref="ArgumentException">The packets are none of this buffer's.</exception>
    public ReceiveBuffer(uint gpadl, ushort setId, int sectionSize, int sectionCount, IReadOnlyList<int[]>? packets = null)
    {
        Gpadl = gpadl;
        SetId = setId;
        SectionSize = sectionSize;
        SectionCount = sectionCount;
        _frames = new Stack<int>(sectionCount);
        _next = new int[sectionCount];
        _states = new State[sectionCount];
        foreach (int[] sections in packets ?? [])
            Hold(sections);
        for (int section = sectionCount - 1; section >= 0; section--)
        {
            if (_states[section] == State.Free)
                Free(section);
        }
    }

    private enum State : byte
    {
        Free,
        Taken,
        First,          // of a packet that the guest has
        Behind,
    }

    /// <summary>The buffer's handle.</summary>
    public uint Gpadl { get; }

    /// <summary>The guest's name of the buffer.</summary>
    public ushort SetId { get; }

    /// <summary>Bytes of a section.</summary>
    public int SectionSize { get; }

    /// <summary>How many sections there are.</summary>
    public int SectionCount { get; }

    /// <summary>Where a section begins.</summary>
    public long OffsetOf(int section) => (long)section * SectionSize;

    /// <summary>Takes a section.</summary>
    /// <param name="isControl">Whether it is for an answer.</param>
    /// <param name="section">The section.</param>
    /// <returns><see langword="false"/> when all are in use.</returns>
    public bool TryTake(bool isControl, out int section)
    {
        lock (_sync)
        {
            if (!(isControl ? _control : _frames).TryPop(out section))
                return false;
            _states[section] = State.Taken;
            return true;
        }
    }

    /// <summary>Gives a section back that was not sent.</summary>
    public void GiveBack(int section)
    {
        lock (_sync)
        {
            Free(section);
            Changed();
        }
    }

    /// <summary>Makes sections one packet's.</summary>
    /// <returns>The packet's transaction id.</returns>
    public ulong Join(ReadOnlySpan<int> sections)
    {
        lock (_sync)
        {
            for (int at = 0; at < sections.Length; at++)
            {
                _states[sections[at]] = at == 0 ? State.First : State.Behind;
                _next[sections[at]] = at + 1 < sections.Length ? sections[at + 1] : None;
            }
        }
        return (ulong)sections[0] + 1;
    }

    /// <summary>The guest has completed a packet.</summary>
    /// <returns><see langword="false"/> when it has no such packet.</returns>
    public bool TryComplete(ulong transactionId)
    {
        lock (_sync)
        {
            if (transactionId - 1 >= (ulong)SectionCount || _states[transactionId - 1] != State.First)
                return false;
            for (int section = (int)(transactionId - 1), next; section != None; section = next)
            {
                next = _next[section];
                Free(section);
            }
            Changed();
            return true;
        }
    }

    /// <summary>The packets that the guest has: the sections of each.</summary>
    public List<int[]> GetPackets()
    {
        var packets = new List<int[]>();
        lock (_sync)
        {
            for (int first = 0; first < SectionCount; first++)
            {
                if (_states[first] != State.First)
                    continue;
                var sections = new List<int>();
                for (int section = first; section != None; section = _next[section])
                    sections.Add(section);
                packets.Add([.. sections]);
            }
        }
        return packets;
    }

    /// <summary>Waits until a frame's section is free.</summary>
    public Task WaitAsync(CancellationToken cancellationToken)
    {
        lock (_sync)
        {
            if (_frames.Count > 0)
                return Task.CompletedTask;
            _freed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _freed.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Ends a wait: the buffer is the guest's again.</summary>
    public void Abandon()
    {
        lock (_sync)
            Changed();
    }

    // Of a buffer that is restored: the guest has the packet.
    private void Hold(int[] sections)
    {
        if (sections.Length == 0)
            throw new ArgumentException("A packet has no section.", nameof(sections));
        foreach (int section in sections)
        {
            if (section < 0 || section >= SectionCount || _states[section] != State.Free)
                throw new ArgumentException($"Section {section} of {SectionCount} is in two packets, or does not exist.", nameof(sections));
            _states[section] = State.Taken;
        }
        Join(sections);
    }

    // Under the lock, as the next.
    private void Free(int section)
    {
        _states[section] = State.Free;
        (section < ControlSections ? _control : _frames).Push(section);
    }

    private void Changed()
    {
        _freed?.TrySetResult();
        _freed = null;
    }
}
