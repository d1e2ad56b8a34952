/** Server configuration of the demo's and the tests' ClickHouse: a disk and a backup destination in one S3 bucket. */

export interface ClickhouseConfigOptions {
  /** Address of the S3 server, without the bucket. */
  readonly endpoint: string
  readonly bucket: string
  /** Absolute; where the S3 disk keeps its map of files to objects. */
  readonly dataDir: string
  /** Absolute path of a file with users; without it whoever comes may do anything. */
  readonly usersFile?: string
  /** The disk `s3_2` and the policy `archive_v2`, to which a table may be moved from `archive_v1`. */
  readonly secondDisk?: boolean
}

const SECOND_POLICY = `<archive_v2>
        <volumes>
          <default><disk>default</disk></default>
          <cold><disk>s3</disk><perform_ttl_move_on_insert>0</perform_ttl_move_on_insert></cold>
          <colder><disk>s3_2</disk><perform_ttl_move_on_insert>0</perform_ttl_move_on_insert></colder>
        </volumes>
        <move_factor>0</move_factor>
      </archive_v2>`

/**
 * The credentials come from the variables `S3_ACCESS_KEY` and `S3_SECRET_KEY` of the server's process. The policy
 * `archive_v1` contains the volume of the standard one, so a table may be moved to it; expired rows that arrive late
 * stay local until a background move (`perform_ttl_move_on_insert`), so that an outage of S3 blocks no insert.
 */
export function clickhouseConfig({
  endpoint,
  bucket,
  dataDir,
  usersFile,
  secondDisk = false,
}: ClickhouseConfigOptions): string {
  const credentials = `<access_key_id from_env="S3_ACCESS_KEY" hide_in_preprocessed="true"/>
        <secret_access_key from_env="S3_SECRET_KEY" hide_in_preprocessed="true"/>`
  const users = usersFile === undefined ? '' : `<users_config>${usersFile}</users_config>`
  const disk = (name: string, folder: string) => `<${name}>
        <type>s3</type>
        <endpoint>${endpoint}/${bucket}/${folder}/</endpoint>
        ${credentials}
        <metadata_path>${dataDir}/disks/${name}/</metadata_path>
        <retry_attempts>2</retry_attempts>
        <s3_retry_attempts>2</s3_retry_attempts>
        <connect_timeout_ms>1000</connect_timeout_ms>
        <request_timeout_ms>5000</request_timeout_ms>
      </${name}>`
  return `<clickhouse>
  ${users}
  <storage_configuration>
    <disks>
      ${disk('s3', 'cold')}
      ${secondDisk ? disk('s3_2', 'cold-2') : ''}
    </disks>
    <policies>
      <archive_v1>
        <volumes>
          <default><disk>default</disk></default>
          <cold><disk>s3</disk><perform_ttl_move_on_insert>0</perform_ttl_move_on_insert></cold>
        </volumes>
        <move_factor>0</move_factor>
      </archive_v1>
      ${secondDisk ? SECOND_POLICY : ''}
    </policies>
  </storage_configuration>
  <named_collections>
    <backup_s3>
      <url overridable="false">${endpoint}/${bucket}/backups/</url>
      ${credentials.replaceAll(' hide_in', ' overridable="false" hide_in')}
    </backup_s3>
  </named_collections>
</clickhouse>
`
}

/**
 * Users of a server on which whoever comes holds just these rights, such as `SELECT ON batchsender.*`: the engine in a
 * library knows one user, so one process shows one role.
 */
export function clickhouseUsers(grants: readonly string[]): string {
  // The front says USE before every statement.
  const queries = ['SHOW DATABASES ON default.*', ...grants]
    .map((grant) => `<query>GRANT ${grant}</query>`)
    .join('')
  return `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>${queries}</grants>
    </default>
  </users>
</clickhouse>
`
}
