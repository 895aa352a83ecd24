namespace VmBus.Core.Tests.Protocol.Both;

/// <summary>Random numbers of a seed: SplitMix64, small enough for one in each step.</summary>
internal struct Dice(ulong seed)
{
    private ulong _state = seed;

    public uint Word()
    {
        ulong word = _state += 0x9E3779B97F4A7C15;
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
        return (uint)(word >> 32);
    }

    public int Below(int limit) => (int)(((ulong)Word() * (uint)limit) >> 32);

    public bool OneIn(int count) => Below(count) == 0;
}
