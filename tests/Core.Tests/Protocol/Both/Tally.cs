namespace VmBus.Core.Tests.Protocol.Both;

/// <summary>What a number of plays came by.</summary>
internal sealed class Tally
{
    private readonly Dictionary<string, long> _commands = new(StringComparer.Ordinal);
    private readonly long[] _situations = new long[Enum.GetValues<Situation>().Length];
    private readonly long[] _races = new long[Enum.GetValues<Race>().Length];

    public long Plays { get; set; }

    public long Steps { get; set; }

    public long Messages { get; set; }

    public long Commands => _commands.Values.Sum();

    public long this[Situation situation] => _situations[(int)situation];

    public long this[Race race] => _races[(int)race];

    public void Count(string command)
    {
        ref long count = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_commands, command, out _);
        count++;
    }

    public void Count(Situation situation) => _situations[(int)situation]++;

    public void Count(Race race) => _races[(int)race]++;

    public void Add(Tally other)
    {
        Plays += other.Plays;
        Steps += other.Steps;
        Messages += other.Messages;
        foreach ((string command, long count) in other._commands)
            _commands[command] = _commands.GetValueOrDefault(command) + count;
        for (int index = 0; index < _situations.Length; index++)
            _situations[index] += other._situations[index];
        for (int index = 0; index < _races.Length; index++)
            _races[index] += other._races[index];
    }

    public override string ToString() =>
        $"{Plays} plays, {Steps} steps, {Commands} commands, {Messages} messages\n"
        + $"commands: {string.Join(", ", _commands.OrderBy(command => command.Key, StringComparer.Ordinal).Select(command => $"{command.Key} {command.Value}"))}\n"
        + $"situations: {string.Join(", ", Enum.GetValues<Situation>().Select(situation => $"{situation} {this[situation]}"))}\n"
        + $"races: {string.Join(", ", Enum.GetValues<Race>().Select(race => $"{race} {this[race]}"))}";
}
